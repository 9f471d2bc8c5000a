"""COCO's format by config alone: ids, classes, splits, crowds, joined files, images turned by EXIF."""

import json
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from pycocotools.coco import COCO

from base import rle
from data_loader.errors import DataError
from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from tests.data_loader.coco.coco_folder import (
    CATEGORIES,
    SPLIT,
    SQUARE,
    all_records,
    annotation,
    coco_data,
    image,
    random_mask,
    rectangle,
    runs,
    write_coco,
    write_images,
)

COCO128 = Path(__file__).parents[4] / "shared" / "data" / "coco128"


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


@pytest.mark.parametrize(
    ("images", "keys", "reason"),
    [
        (
            [image(1)],
            {},
            r"for val and test\. There is one image to learn from, and data\.val_fraction",
        ),
        ([], {}, r"no usable image for train and val and test\. Add images to learn from"),
        ([image(1), image(2)], {"keep_empty": False}, r"train\. No training image has an object .* data\.keep_empty"),
        (
            [image(1)],
            {"val": {**SPLIT, "annotations": ["none.json"]}},
            r"val and test\. Add images to val, or name",
        ),
        ([image(1), image(2)], {"test": {**SPLIT, "annotations": ["none.json"]}}, r"for test\. Add images to test, or"),
    ],
)
def test_a_split_without_images_says_what_to_do(tmp_path, images, keys, reason):
    write_coco(tmp_path, [], images)
    write_coco(tmp_path, [], [], "none.json")
    with pytest.raises(DataError, match=reason):
        coco_data(tmp_path, **keys)


def test_a_crowd_is_one_and_takes_part_in_no_split_of_its_own(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 7, runs(random_mask(0)), iscrowd=1), annotation(2, 11, 7, SQUARE)])
    data = coco_data(tmp_path, val={**SPLIT})
    assert [item.crowd for item in all_records(data)[11].objects] == [True, False]
    sample = next(data.train()[i] for i in range(4) if data.records("train")[i].image_id == 11)
    np.testing.assert_array_equal(sample["masks"][0], random_mask(0))
    assert sample["crowd"].tolist() == [True, False]


@pytest.mark.parametrize("sides", [{"height": None, "width": None}, {"height": 40, "width": None}])
def test_an_image_without_a_size_has_that_of_its_file(tmp_path, sides):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE)])
    content = json.loads((tmp_path / "train.json").read_text())
    content["images"][0] |= sides
    (tmp_path / "train.json").write_text(json.dumps(content))
    record = all_records(coco_data(tmp_path))[11]
    assert (record.height, record.width, rle.area(record.objects[0].mask)) == (40, 60, 400)


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
