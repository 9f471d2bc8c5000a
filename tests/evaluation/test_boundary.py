import cv2
import numpy as np
import pytest

from base import rle
from evaluation.boundary import boundary_of, boundary_width


def published(mask, ratio=0.02):
    """`mask_to_boundary` of boundary_iou_api, step by step."""
    height, width = mask.shape
    dilation = max(1, round(ratio * np.sqrt(height**2 + width**2)))
    padded = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=dilation)
    return mask - eroded[1 : height + 1, 1 : width + 1]


def blobs(rng, height, width):
    """Random blobs with holes and several parts, some cut by the image's edge."""
    coarse = rng.random((max(1, height // 8), max(1, width // 8))).astype(np.float32)
    return (cv2.resize(coarse, (width, height)) > rng.uniform(0.2, 0.8)).astype(np.uint8)


@pytest.mark.parametrize("size", [(75, 100), (45, 60), (225, 300), (4, 268), (1, 1), (97, 131), (240, 320)])
def test_equals_the_published_implementation_on_random_masks(size):
    rng = np.random.default_rng(7)
    masks = [blobs(rng, *size) for _ in range(6)] + [np.ones(size, np.uint8), np.zeros(size, np.uint8)]
    for mask in masks:
        np.testing.assert_array_equal(rle.decode(boundary_of(rle.encode(mask))), published(mask))


def test_the_boundary_of_a_square_is_a_frame_of_that_width():
    # A diagonal of 150 px: 3 px. The square of 40 px keeps a hole of 34.
    assert boundary_width(90, 120) == 3
    mask = np.zeros((90, 120), np.uint8)
    mask[20:60, 30:70] = 1
    expected = mask.copy()
    expected[23:57, 33:67] = 0
    np.testing.assert_array_equal(rle.decode(boundary_of(rle.encode(mask))), expected)


@pytest.mark.parametrize(("size", "expected"), [((10, 10), 1), ((480, 640), 16), ((45, 60), 2), ((75, 100), 2)])
def test_the_width_is_rounded_to_the_even_number_and_at_least_one(size, expected):
    assert boundary_width(*size) == expected
