"""COCO's format by config alone: masks to the pixel, ids, classes, splits, and what is broken."""

import json
import logging
import math
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as reference
from pycocotools.coco import COCO

from base import rle
from data_loader.coco.segmentation import to_rle
from data_loader.errors import DataError
from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from tests.data_loader.coco.coco_folder import (
    CATEGORIES,
    SPLIT,
    all_records,
    annotation,
    coco_data,
    image,
    rectangle,
    write_coco,
    write_images,
)

COCO128 = Path(__file__).parents[4] / "shared" / "data" / "coco128"
SQUARE = [rectangle(10, 5, 30, 25)]


def pixels(height, width, *boxes):
    found = np.zeros((height, width), np.uint8)
    for left, top, right, bottom in boxes:
        found[top:bottom, left:right] = 1
    return found


def runs(mask):
    """Uncompressed RLE by hand: runs of 0 and 1 in turn, down the columns."""
    counts, last, length = [], 0, 0
    for value in mask.T.reshape(-1).tolist():
        if value != last:
            counts.append(length)
            last, length = value, 0
        length += 1
    return {"size": list(mask.shape), "counts": [*counts, length]}


def random_mask(seed, size=(40, 60)):
    return (np.random.default_rng(seed).random(size) < (0.5, 0.02, 0.98)[seed % 3]).astype(np.uint8)


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


def test_ids_with_gaps_are_contiguous_inside_and_the_data_sets_own_in_results(tmp_path):
    listed = [annotation(1, 11, 90, SQUARE), annotation(2, 11, 7, [rectangle(1, 1, 9, 9)]), annotation(3, 5, 3, SQUARE)]
    write_coco(tmp_path, listed)
    data = coco_data(tmp_path, val={**SPLIT})
    assert data.classes == ("cup", "fork", "spoon")
    assert data.spec.category_ids == data.category_ids == (7, 3, 90)
    assert [item.category for item in all_records(data)[11].objects] == [3, 1]
    truth = data.ground_truth("val")
    assert truth["categories"] == CATEGORIES
    assert sorted((item["image_id"], item["category_id"]) for item in truth["annotations"]) == [
        (5, 3),
        (11, 7),
        (11, 90),
    ]
    evaluator = CocoEvaluator(CocoConfig.model_validate_json('{"name": "coco"}'), truth)
    batch = {
        "valid": np.array([True]), "image_id": np.array([11]), "image_size": np.array([[40, 60]]),
        "original_size": np.array([[40, 60]]), "scale_to_original": np.ones((1, 2), np.float32),
    }  # fmt: skip
    box = np.array([[[10, 5, 30, 25]]], np.float32)
    found = {"boxes": box, "scores": np.ones((1, 1)), "classes": np.full((1, 1), 3), "masks": np.ones((1, 1, 28, 28))}
    evaluator.update(batch, found)
    (result,) = evaluator.coco_results()
    assert (result["image_id"], result["category_id"]) == (11, 90)
    assert evaluator.result()["mask/AP/spoon"] == pytest.approx(1.0)


def test_a_choice_of_classes_in_the_users_order(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 90, SQUARE), annotation(2, 11, 7, SQUARE), annotation(3, 5, 3, SQUARE)])
    data = coco_data(tmp_path, classes=["spoon", "fork"], val={**SPLIT})
    assert data.classes == ("spoon", "fork") and data.spec.num_classes == 2 and data.spec.category_ids == (90, 3)
    records = all_records(data)
    assert [item.category for item in records[11].objects] == [1]
    assert [item.category for item in records[5].objects] == [2]
    assert [item["id"] for item in data.ground_truth("val")["categories"]] == [90, 3]


def test_images_without_objects_are_kept_or_dropped_in_training(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE), annotation(2, 5, 3, SQUARE)])
    assert len(coco_data(tmp_path, val={**SPLIT}).records("train")) == 4
    dropped = coco_data(tmp_path, val={**SPLIT}, keep_empty=False, classes=["cup"])
    assert [record.image_id for record in dropped.records("train")] == [11]
    assert len(dropped.records("val")) == 4


@pytest.mark.parametrize(
    ("classes", "reason"),
    [
        (["cup", "frok"], r'no class "frok"; did you mean "fork"\? The data have: cup, fork, spoon'),
        (["cup"] * 2, "twice"),
    ],
)
def test_wrong_classes_are_errors(tmp_path, classes, reason):
    write_coco(tmp_path, [])
    with pytest.raises(DataError, match=reason):
        coco_data(tmp_path, classes=classes)


def test_splits_by_seed_are_disjoint_and_repeatable(tmp_path):
    write_coco(tmp_path, [], [image(number) for number in range(1, 41)])

    def ids(split, **keys):
        return [record.image_id for record in coco_data(tmp_path, val_fraction=0.25, **keys).records(split)]

    assert len(ids("val")) == 10 and len(ids("train")) == 30
    assert not set(ids("val")) & set(ids("train"))
    assert ids("val") == ids("val") != ids("val", split_seed=1)
    assert ids("test") == ids("val") == sorted(ids("val"))


def test_several_files_are_joined_and_ids_that_clash_are_new(tmp_path):
    write_coco(tmp_path, [annotation(1, 1, 7, SQUARE)], [image(1), image(2)])
    write_images(tmp_path, [{**image(1), "file_name": "other.png"}])
    more = {**image(1), "file_name": "other.png"}
    write_coco(tmp_path, [annotation(1, 1, 3, SQUARE)], [more], name="more.json")
    data = coco_data(tmp_path, train={**SPLIT, "annotations": ["train.json", "more.json"]}, val={**SPLIT})
    found = {record.path.name: record for record in data.records("train")}
    assert {name: record.image_id for name, record in found.items()} == {"1.png": 1, "2.png": 2, "other.png": 3}
    assert [found[name].objects[0].category for name in ("1.png", "other.png")] == [1, 2]


def test_an_image_of_two_files_is_taken_once_and_named(tmp_path):
    write_coco(tmp_path, [annotation(1, 1, 7, SQUARE)], [image(1), image(2)])
    write_coco(tmp_path, [annotation(1, 9, 3, SQUARE)], [{**image(9), "file_name": "1.png"}, image(3)], "more.json")
    train = {**SPLIT, "annotations": ["train.json", "more.json"]}
    data = coco_data(tmp_path, train=train, val={**SPLIT}, max_bad_fraction=0.5)
    assert [record.path.name for record in data.records("train")] == ["1.png", "2.png", "3.png"]
    assert [str(item) for item in data.broken[0].items] == [
        "more.json image 1.png: file given twice: an annotation file before has it too; the annotations of this one "
        "are left out with it"
    ]


def test_files_of_other_categories_are_not_joined(tmp_path):
    write_coco(tmp_path, [])
    write_coco(tmp_path, [], name="more.json", categories=[{"id": 7, "name": "fork"}])
    with pytest.raises(DataError, match=r"more.json has other categories than .*train.json: 7 fork and 7 cup"):
        coco_data(tmp_path, val={**SPLIT, "annotations": ["more.json"]})


def test_a_crowd_is_one_and_takes_part_in_no_split_of_its_own(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 7, runs(random_mask(0)), iscrowd=1), annotation(2, 11, 7, SQUARE)])
    data = coco_data(tmp_path, val={**SPLIT})
    assert [item.crowd for item in all_records(data)[11].objects] == [True, False]
    sample = next(data.train()[i] for i in range(4) if data.records("train")[i].image_id == 11)
    np.testing.assert_array_equal(sample["masks"][0], random_mask(0))
    assert sample["crowd"].tolist() == [True, False]


BROKEN_ANNOTATIONS = [
    (5, "annotation of no image"),
    (annotation(1, 999, 7, SQUARE), "annotation of no image: 999"),
    (annotation(1, "11", 7, SQUARE), "annotation of no image"),
    (annotation(1, 11, 8, SQUARE), "annotation of no category: 8"),
    (annotation(1, 11, None, SQUARE), "annotation of no category: null"),
    (annotation(1, 11, True, SQUARE), "annotation of no category: true"),
    (annotation(1, 11, [7], SQUARE), "annotation of no category"),
    (annotation(1, 11, 7, SQUARE, iscrowd="yes"), "iscrowd is neither 0 nor 1"),
    (annotation(1, 11, 7, [[1, 2, 3, 4]]), "broken segmentation"),
    ({"id": 1, "image_id": 11, "category_id": 7}, "broken segmentation"),
    (annotation(1, 11, 7, [rectangle(100, 100, 120, 120)]), "empty mask"),
    (annotation(1, 11, 7, [rectangle(-20, -20, -5, -5)]), "empty mask"),
]


@pytest.mark.parametrize(("item", "reason"), BROKEN_ANNOTATIONS)
def test_broken_annotations_are_named_counted_and_left_out(tmp_path, caplog, item, reason):
    write_coco(tmp_path, [item, annotation(2, 11, 3, SQUARE)])
    with pytest.raises(DataError, match=rf"1 of 2 annotations are broken.*\n.*train.json annotation .*{reason}"):
        coco_data(tmp_path)
    with caplog.at_level(logging.WARNING, "maskeras"):
        data = coco_data(tmp_path, max_bad_fraction=0.5)
    assert "1 of 2 annotations are broken and left out" in caplog.text
    assert [found.category for found in all_records(data)[11].objects] == [2]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (7, "image without id or file_name"),
        ({"id": 9}, "image without id or file_name"),
        ({"id": -1, "file_name": "5.png"}, "image without id or file_name"),
        ({"id": 9, "file_name": "absent.png"}, "image missing or broken"),
        ({"id": 9, "file_name": "../train.json"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "/etc/hostname"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "a\0b.png"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "\ud800.png"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "text.png"}, "image missing or broken"),
        ({"id": 9, "file_name": "5.png", "height": 60, "width": 40}, "image of another size"),
        ({"id": 5, "file_name": "2.png"}, "id given twice"),
    ],
)
def test_broken_images_are_named_counted_and_left_out(tmp_path, item, reason):
    images = [image(number) for number in (11, 5, 2)]
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE)], images)
    (tmp_path / "images" / "text.png").write_text("no image")
    content = json.loads((tmp_path / "train.json").read_text())
    (tmp_path / "train.json").write_text(json.dumps({**content, "images": [*images, item]}))
    with pytest.raises(DataError, match=rf"1 of 4 images are broken.*\n.*train.json image .*{reason}"):
        coco_data(tmp_path)
    data = coco_data(tmp_path, max_bad_fraction=0.5, val_fraction=0.3)
    assert sorted(all_records(data)) == [2, 5, 11]


def test_annotations_of_an_image_that_is_left_out_are_not_broken_themselves(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE), annotation(2, 5, 7, SQUARE)])
    (tmp_path / "images" / "11.png").unlink()
    data = coco_data(tmp_path, max_bad_fraction=0.3)
    assert sorted(all_records(data)) == [2, 5, 800]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no whole JSON"),
        ('{"images": [', "no whole JSON"),
        ("[" * 100_000, "no whole JSON"),
        ("[]", "lacks images, annotations, categories"),
        ('{"images": [], "annotations": {}, "categories": []}', "lacks annotations"),
        ('{"images": [], "annotations": [], "categories": []}', "list of categories is empty"),
        ('{"images": [], "annotations": [], "categories": [5]}', "a category needs an id"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1}]}', "a category needs an id"),
        ('{"images": [], "annotations": [], "categories": [{"id": "1", "name": "a"}]}', "a category needs an id"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}',
            "id or the name of another",
        ),
        ('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}', "no usable image for train"),
    ],
)
def test_a_useless_file_is_one_error(tmp_path, text, reason):
    write_coco(tmp_path, [])
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(DataError, match=reason):
        coco_data(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"train.json: there is no such file"):
        coco_data(tmp_path)


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


def test_what_is_broken_is_part_of_what_is_read(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 8, SQUARE), annotation(2, 11, 3, SQUARE)])
    data = coco_data(tmp_path, max_bad_fraction=1)
    images, annotations = data.broken
    assert (images.what, list(images.items), images.total) == ("images", [], 4)
    assert (annotations.what, annotations.total) == ("annotations", 2)
    assert [item.kind for item in annotations.items] == ["annotation of no category"]


def test_a_mask_lies_on_an_image_that_is_turned_by_exif(tmp_path):
    shown = np.zeros((40, 60, 3), np.uint8)
    shown[5:25, 10:30] = 255
    (tmp_path / "images").mkdir()
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # stored lying on its side, to be turned by 90° clockwise
    PIL.Image.fromarray(np.ascontiguousarray(np.rot90(shown))).save(tmp_path / "images/1.png", exif=exif)
    content = {"images": [image(1)], "annotations": [annotation(1, 1, 7, SQUARE)], "categories": CATEGORIES}
    (tmp_path / "train.json").write_text(json.dumps(content))
    data = coco_data(tmp_path, val={**SPLIT})
    sample = data.train()[0]
    np.testing.assert_array_equal(sample["masks"][0] != 0, sample["image"][..., 0] > 127)
    cv2.imwrite(str(tmp_path / "images/1.png"), shown.transpose(1, 0, 2))
    with pytest.raises(DataError, match="image of another size"):
        coco_data(tmp_path)


@pytest.mark.skipif(not COCO128.is_dir(), reason="needs coco128 of ../shared")
def test_real_annotations_give_the_masks_of_pycocotools(tmp_path, capsys):
    file = "annotations/instances_train2017.json"
    data = coco_data(COCO128, train={"annotations": [file], "images": "train2017"})
    expected = COCO(str(COCO128 / file))
    assert len(data.classes) == 80
    compared = 0
    for number, record in all_records(data).items():
        annotations = expected.loadAnns(expected.getAnnIds(imgIds=[number]))
        for item, other in zip(record.objects, annotations, strict=True):
            np.testing.assert_array_equal(rle.decode(item.mask), expected.annToMask(other))
            assert data.classes[item.category - 1] == expected.cats[other["category_id"]]["name"]
            assert item.crowd == other["iscrowd"]
            compared += 1
    assert compared == 939
