"""The boxes and areas that a file in COCO's format gives beside the masks."""

import math

import pytest

from tests.data_loader.coco.coco_folder import (
    SPLIT,
    SQUARE,
    all_records,
    annotation,
    coco_data,
    write_coco,
)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([10, 5, 20, 20], (10, 5, 20, 20)),
        ([-3.5, 5, -20, 1e9], (-3.5, 5, -20, 1e9)),
        ([10, math.nan, 20, None], (10, math.nan, 20, math.nan)),
        ([10, 5, 20, 10**400], (10, 5, 20, math.nan)),
        ([10, 5, 20], (math.nan,) * 4),
        ("box", (math.nan,) * 4),
        ([], None),
        (None, None),
    ],
)
def test_the_files_own_box_is_kept_right_or_wrong_and_changes_no_target(tmp_path, given, kept):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE)])
    before = coco_data(tmp_path, val={**SPLIT})
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE, bbox=given)])
    data = coco_data(tmp_path, val={**SPLIT})
    (item,) = all_records(data)[11].objects
    assert item.box is None if kept is None else item.box == pytest.approx(kept, nan_ok=True)
    assert data.ground_truth("val")["annotations"][0]["bbox"] == [10, 5, 20, 20]
    assert data.fingerprint == before.fingerprint


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([10.4, 5.3, 19.2, 19.5], [10.4, 5.3, 19.2, 19.5]),
        ([7.5, 5, 24, 20], [7.5, 5, 24, 20]),  # 3 px, as for thin outlines
        ([10, 5, 40, 20], [10, 5, 20, 20]),
        ([110, 5, 20, 20], [10, 5, 20, 20]),
        ([10, 5, 20, math.nan], [10, 5, 20, 20]),
    ],
)
def test_metrics_measure_against_the_files_own_box_unless_it_is_not_of_the_mask(tmp_path, given, expected):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE, bbox=given)])
    (item,) = coco_data(tmp_path, val={**SPLIT}).ground_truth("val")["annotations"]
    assert item["bbox"] == expected


@pytest.mark.parametrize(("given", "expected"), [(381.5, 381.5), (None, 400), (9.0, 400), (4000, 400), ("a", 400)])
def test_metrics_take_the_files_own_area_unless_it_is_not_of_the_mask(tmp_path, given, expected):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE, area=given)])
    data = coco_data(tmp_path, val={**SPLIT})
    assert data.ground_truth("val")["annotations"][0]["area"] == expected
