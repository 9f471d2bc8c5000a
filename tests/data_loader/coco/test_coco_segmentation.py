"""COCO's forms of a mask, to the pixel, and what in them is broken."""

import numpy as np
import pytest
from pycocotools import mask as reference

from base import rle
from data_loader.coco.segmentation import to_rle
from tests.data_loader.coco.coco_folder import (
    SQUARE,
    random_mask,
    rectangle,
    runs,
)


def pixels(height, width, *boxes):
    found = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in boxes:
        found[top:bottom, left:right] = 1
    return found


@pytest.mark.parametrize("seed", range(6))
def test_both_forms_of_rle_are_exact(seed):
    mask = random_mask(seed)
    packed = reference.encode(np.asfortranarray(mask))
    for given in (runs(mask), {"size": [40, 60], "counts": packed["counts"].decode()}):
        np.testing.assert_array_equal(rle.decode(to_rle(given, 40, 60)), mask)


@pytest.mark.parametrize(
    "mask",
    [np.ones((3, 4), np.uint8), np.zeros((3, 4), np.uint8), np.eye(4, dtype=np.uint8), np.ones((1, 1), np.uint8)],
)
def test_extreme_masks(mask):
    np.testing.assert_array_equal(rle.decode(to_rle(runs(mask), *mask.shape)), mask)


def test_polygons_are_those_of_pycocotools():
    parts = [rectangle(10, 5, 30, 25), [40.5, 3.2, 55.0, 20.7, 35.1, 30.9]]
    expected = reference.decode(reference.merge(reference.frPyObjects(parts, 40, 60)))
    found = rle.decode(to_rle(parts, 40, 60))
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(rle.decode(to_rle(SQUARE, 40, 60)), pixels(40, 60, (10, 5, 30, 25)))


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        (None, "neither polygons nor an RLE"),
        ([], "neither polygons nor an RLE"),
        ("text", "neither polygons nor an RLE"),
        ([[1, 2, 3, 4]], "three corners"),
        ([[1, 2, 3, 4, 5, 6, 7]], "three corners"),
        ([SQUARE], "three corners"),
        ([[1, 2, 3, 4, 5, float("nan")]], "no place near the image: nan"),
        ([[1, 2, 3, 4, 5, 1e300]], "no place near the image"),
        ([[1, 2, 3, 4, 5, "6"]], "no place near the image"),
        ([[1, 2, 3, 4, 5, True]], "no place near the image"),
        ({"counts": [2400]}, "of size None"),
        ({"size": [60, 40], "counts": [2400]}, r"of size \[60, 40\], the image of \[40, 60\]"),
        ({"size": [40, 60], "counts": [2399]}, "sum to 2399, the image has 2400"),
        ({"size": [40, 60], "counts": [2500, -100]}, "whole numbers from 0"),
        ({"size": [40, 60], "counts": [2400.0]}, "whole numbers from 0"),
        ({"size": [40, 60], "counts": None}, "whole numbers from 0"),
        ({"size": [40, 60], "counts": "\x07"}, "a character that none"),
        ({"size": [40, 60], "counts": "é"}, "a character that none"),
        ({"size": [40, 60], "counts": "o" * 100}, "a character that none"),
        ({"size": [40, 60], "counts": "PPo"}, "cut off"),
        ({"size": [40, 60], "counts": ""}, "sum to 0"),
    ],
)
def test_a_broken_segmentation_is_named(segmentation, reason):
    with pytest.raises(ValueError, match=reason):
        to_rle(segmentation, 40, 60)
