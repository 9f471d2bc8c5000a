from pathlib import Path

import numpy as np
import pytest

from base import rle
from data_loader.records import ImageRecord, ObjectRecord
from preparation.inspection.objects import join, measure_objects


def measured(mask, box=None):
    record = ImageRecord(Path("a.png"), 1, *mask.shape, (ObjectRecord(2, rle.encode(mask), box=box),))
    return measure_objects(record, 4)


def drawn(*spans, size=(20, 30)):
    """A mask of rectangles (top, left, height, width)."""
    mask = np.zeros(size, np.uint8)
    for top, left, height, width in spans:
        mask[top : top + height, left : left + width] = 1
    return mask


def test_a_rectangle():
    found = measured(drawn((3, 5, 4, 9)))
    assert found.boxes.tolist() == [[5, 3, 14, 7]]
    assert (found.areas[0], found.sides[0], found.extents.tolist()) == (36, 6, [[4, 9]])
    assert (found.image[0], found.place[0], found.classes[0], found.parts[0]) == (4, 0, 2, 1)
    assert not found.thin[0] and found.specks[0] == 0 and np.isnan(found.box_iou[0])


@pytest.mark.parametrize(
    ("mask", "thin"),
    [
        (drawn((3, 5, 1, 20)), True),
        (drawn((3, 5, 12, 1)), True),
        (np.eye(20, 30, dtype=np.uint8), True),
        (drawn((3, 5, 1, 20), (4, 9, 1, 2)), False),
        (drawn((3, 5, 1, 1)), True),
    ],
)
def test_thin_is_nowhere_two_pixels_wide(mask, thin):
    assert measured(mask).thin.tolist() == [thin]


def test_parts_and_specks_are_counted_corners_join():
    found = measured(drawn((0, 0, 5, 5), (5, 5, 5, 5), (0, 20, 3, 5), (10, 20, 4, 4)))
    assert (found.parts[0], found.specks[0]) == (3, 1)  # 15 pixels are a speck, 16 are not


@pytest.mark.parametrize(
    ("box", "iou", "shift"),
    [
        ((5, 3, 9, 4), 1.0, 0.0),
        ((5, 3, 18, 4), 0.5, 9.0),
        ((20, 15, 2, 2), 0.0, 15.0),
        ((5, 3, 0, 4), 0.0, np.inf),
        ((np.nan, 3, 9, 4), 0.0, np.inf),
    ],
)
def test_the_box_of_the_file_is_compared_with_the_tight_one(box, iou, shift):
    found = measured(drawn((3, 5, 4, 9)), box)
    assert (found.box_iou[0], found.box_shift[0]) == (iou, shift)


def test_joining_nothing_gives_no_rows():
    assert len(join([])) == 0 and join([]).boxes.shape == (0, 4)
    both = join([measured(drawn((0, 0, 2, 2))), measured(drawn((0, 0, 3, 3)))])
    assert both.areas.tolist() == [4, 9] and both.take(both.areas > 4).areas.tolist() == [9]
