"""Work on runs equals work on pixels."""

import numpy as np
import pytest

from base import rle
from base.runs import Crop, area_within, decode_window, encode_crop, placed, segments, tight_crop, united

MASKS = {
    "noise": lambda rng: rng.random((23, 31)) < 0.5,
    "sparse": lambda rng: rng.random((40, 17)) < 0.02,
    "empty": lambda rng: np.zeros((9, 7), bool),
    "full": lambda rng: np.ones((9, 7), bool),
    "first pixel": lambda rng: np.arange(63).reshape(9, 7) == 0,
    "last pixel": lambda rng: np.arange(63).reshape(9, 7) == 62,
    "columns": lambda rng: np.tile(np.arange(12) % 4 < 2, (8, 1)),
    "large": lambda rng: np.add.outer(np.arange(900) ** 2, np.arange(1200) ** 2) < 700_000,
    "one row": lambda rng: rng.random((1, 50)) < 0.5,
    "one column": lambda rng: rng.random((50, 1)) < 0.5,
}


@pytest.fixture(params=MASKS)
def mask(request):
    return MASKS[request.param](np.random.default_rng(3)).astype(np.uint8)


def test_an_encoded_crop_is_what_the_whole_image_encodes_to(mask):
    height, width = mask.shape
    assert encode_crop(Crop(mask, 0, 0), (height, width)) == rle.encode(mask)
    image = np.zeros((height + 5, width + 7), np.uint8)
    image[2 : 2 + height, 4 : 4 + width] = mask
    assert encode_crop(Crop(mask, 4, 2), image.shape) == rle.encode(image)
    below = np.zeros((height + 2, width), np.uint8)
    below[2:] = mask
    assert placed(rle.encode(mask), 0, 2, below.shape) == rle.encode(below)
    assert placed(rle.encode(mask), 4, 2, image.shape) == rle.encode(image)


def test_a_window_of_the_runs_is_that_of_the_pixels(mask):
    height, width = mask.shape
    for window in ((0, 0, width, height), (width // 3, height // 4, width, height - height // 4), (0, 0, 1, 1)):
        x0, y0, x1, y1 = window
        np.testing.assert_array_equal(decode_window(rle.encode(mask), window), mask[y0:y1, x0:x1])


def test_the_tight_crop_has_the_object_and_its_margin():
    mask = np.zeros((20, 30), np.uint8)
    mask[5:9, 28:30] = 1
    crop = tight_crop(rle.encode(mask))
    assert (crop.left, crop.top, crop.pixels.shape) == (28, 5, (4, 2)) and crop.pixels.all()
    wide = tight_crop(rle.encode(mask), pad=3)
    assert (wide.left, wide.top) == (25, 2)
    np.testing.assert_array_equal(wide.pixels, mask[2:12, 25:30])
    for pad in (0, 3):
        empty = tight_crop(rle.encode(mask * 0), pad)
        assert empty.pixels.shape == (0, 0) and empty.pixels.dtype == np.uint8 and empty[1:] == (0, 0)


def test_a_union_is_that_of_the_pixels(mask):
    masks = [mask, mask[::-1], np.roll(mask, 3), mask * 0]
    assert united([rle.encode(one) for one in masks]) == rle.encode(np.any(masks, axis=0))
    assert united([rle.encode(mask)]) == rle.encode(mask)


def test_the_pixels_in_a_window_are_counted(mask):
    height, width = mask.shape
    for x0, y0, x1, y1 in ((0, 0, width, height), (1, 1, width - 1, height), (width // 2, 0, width + 5, height // 2)):
        assert area_within(rle.encode(mask), (x0, y0, x1, y1)) == mask[y0:y1, x0:x1].sum()


def test_the_pixels_in_both_of_two_masks_are_counted():
    rng = np.random.default_rng(0)
    first, second = rng.random((4, 30, 20)) < 0.3, rng.random((3, 30, 20)) < 0.2
    expected = (first[:, None] & second[None]).sum((2, 3))
    np.testing.assert_array_equal(rle.intersections([*map(rle.encode, first)], [*map(rle.encode, second)]), expected)
    assert rle.intersections([], [rle.encode(first[0])]).shape == (0, 1)


def test_the_segments_of_an_l():
    mask = np.array([[1, 0, 0], [1, 1, 1]], np.uint8)
    found = segments(rle.encode(mask))
    assert [part.tolist() for part in found] == [[0, 1, 2], [0, 1, 1], [2, 2, 2]]


def test_what_reaches_beyond_the_image_is_an_error():
    with pytest.raises(ValueError, match="for an image of"):
        encode_crop(Crop(np.ones((3, 3)), 8, 0), (10, 10))
    with pytest.raises(ValueError, match="for an image of"):
        placed(rle.encode(np.ones((3, 3))), 0, -1, (10, 10))
