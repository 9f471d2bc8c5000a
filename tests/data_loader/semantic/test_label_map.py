"""`data.label_map` and `data.classes`: renamed, merged, left out, ignored; for objects and for labels."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from data_loader.classes import chosen_classes
from data_loader.coco.config import CocoDataConfig
from data_loader.errors import DataError
from data_loader.voc.config import VOC_CLASSES
from tests.data_loader.coco.coco_folder import annotation, coco_data, rectangle, runs, write_coco

CATEGORIES = {7: "cup", 3: "fork", 90: "spoon", 5: "bowl"}


def test_without_a_map_the_classes_are_the_files():
    found = chosen_classes(CATEGORIES, {}, None)
    assert found.names == ("cup", "fork", "spoon", "bowl") and found.ids == (7, 3, 90, 5)
    assert found.numbers == {7: 1, 3: 2, 90: 3, 5: 4} and not found.ignored


def test_several_classes_become_one_at_the_place_of_the_first():
    found = chosen_classes(CATEGORIES, {"spoon": "cutlery", "fork": "cutlery", "bowl": "cup"}, None)
    assert found.names == ("cup", "cutlery") and found.ids == (7, 3)
    assert found.numbers == {7: 1, 3: 2, 90: 2, 5: 1}


def test_classes_are_chosen_by_their_new_names():
    found = chosen_classes(CATEGORIES, {"spoon": "cutlery", "fork": "cutlery", "cup": None}, ["cutlery"])
    assert found.names == ("cutlery",) and found.ids == (3,) and found.numbers == {3: 1, 90: 1}


def test_an_ignored_class_is_no_class():
    found = chosen_classes(CATEGORIES, {"bowl": "ignore", "cup": None}, None)
    assert found.names == ("fork", "spoon") and found.ignored == {5} and found.numbers == {3: 1, 90: 2}


def test_a_class_of_the_data_that_is_called_ignore_is_one_unless_it_is_mapped():
    assert chosen_classes({1: "ignore", 2: "cup"}, {}, None).names == ("ignore", "cup")
    assert chosen_classes({1: "ignore", 2: "cup"}, {"ignore": "ignore"}, None).names == ("cup",)


@pytest.mark.parametrize(
    ("label_map", "wanted", "message"),
    [
        ({"fokr": "cup"}, None, r'data.label_map: there is no class "fokr"; did you mean "fork"\? The data have: cup,'),
        ({"xyz": None}, None, r'data.label_map: there is no class "xyz"; The data have: cup, fork, spoon, bowl'),
        ({"fork": "cutlery"}, ["fork"], r'data.classes: there is no class "fork".* The data have: cup, cutlery, spoon'),
        ({"fork": "cutlery"}, ["cutlry"], r'no class "cutlry"; did you mean "cutlery"\?'),
        ({"bowl": "ignore"}, ["bowl"], 'data.classes: there is no class "bowl"'),
        ({}, ["cup", "cup"], "names a class twice"),
        (dict.fromkeys(CATEGORIES.values()), None, "leaves no class"),
    ],
)
def test_wrong_names_are_errors_that_name_the_nearest(label_map, wanted, message):
    with pytest.raises(DataError, match=message):
        chosen_classes(CATEGORIES, label_map, wanted)


def test_objects_of_merged_classes_have_one_number_and_the_first_id(tmp_path):
    objects = [annotation(n, 11, category, [rectangle(n, 1, n + 9, 9)]) for n, category in ((1, 90), (2, 3), (3, 7))]
    write_coco(tmp_path, objects)
    data = coco_data(tmp_path, label_map={"spoon": "cutlery", "fork": "cutlery", "cup": None})
    assert data.classes == ("cutlery",)
    assert data.ground_truth("train")["categories"] == [{"id": 3, "name": "cutlery"}]
    found = [item.category for split in ("train", "val") for one in data.records(split) for item in one.objects]
    assert found == [1, 1]


def test_only_labels_are_ignored():
    section = {"train": {"annotations": ["a.json"], "images": "."}, "label_map": {"cup": "ignore", "fork": None}}
    with pytest.raises(ValidationError, match='label_map has "ignore" for cup, which only task = semantic knows'):
        CocoDataConfig.model_validate_json(json.dumps(section))
    assert CocoDataConfig.model_validate_json(json.dumps(section | {"task": "semantic"})).label_map["fork"] is None


def labels_of(tmp_path, annotations, **keys):
    write_coco(tmp_path, annotations)
    data = coco_data(tmp_path, task="semantic", **keys)
    return truth_of(data).labels(11)


def truth_of(data):
    """The ground truth of the split that image 11 is in."""
    return next(truth for truth in map(data.ground_truth, ("train", "val")) if 11 in truth.image_ids)


def filled(*parts):
    labels = np.zeros((40, 60), np.uint8)
    for value, (left, top, right, bottom) in parts:
        labels[top:bottom, left:right] = value
    return labels


FIRST, SECOND, THIRD = (2, 2, 30, 30), (20, 20, 50, 35), (5, 25, 25, 28)


def boxes(*parts, start=1):
    return [annotation(start + n, 11, category, [rectangle(*box)]) for n, (category, box) in enumerate(parts)]


def test_later_objects_are_painted_over_earlier_ones(tmp_path):
    """Whatever their classes, ids and sizes are: the file's order of annotations counts."""
    found = labels_of(tmp_path, boxes((3, FIRST), (7, SECOND), (90, THIRD)))
    np.testing.assert_array_equal(found, filled((2, FIRST), (1, SECOND), (3, THIRD)))
    found = labels_of(tmp_path, boxes((90, THIRD), (7, SECOND), (3, FIRST)))
    np.testing.assert_array_equal(found, filled((3, THIRD), (1, SECOND), (2, FIRST)))


@pytest.mark.parametrize("crowd_is", ["first", "last"])
def test_crowds_are_255_below_the_objects(tmp_path, crowd_is):
    crowd = annotation(9, 11, 3, runs(filled((1, (0, 0, 40, 25)))), iscrowd=1)
    others = boxes((7, SECOND))
    found = labels_of(tmp_path, [crowd, *others] if crowd_is == "first" else [*others, crowd])
    np.testing.assert_array_equal(found, filled((255, (0, 0, 40, 25)), (1, SECOND)))


def test_an_ignored_class_is_255_in_its_order(tmp_path):
    annotations = boxes((3, FIRST), (7, SECOND), (90, THIRD))
    found = labels_of(tmp_path, annotations, label_map={"cup": "ignore"})
    np.testing.assert_array_equal(found, filled((1, FIRST), (255, SECOND), (2, THIRD)))


def test_what_is_no_class_covers_nothing(tmp_path):
    annotations = boxes((3, FIRST), (7, SECOND), (90, THIRD))
    crowd = annotation(9, 11, 7, runs(filled((1, (0, 0, 60, 2)))), iscrowd=1)
    expected = filled((1, FIRST), (2, THIRD))
    found = labels_of(tmp_path, [*annotations, crowd], label_map={"cup": None})
    np.testing.assert_array_equal(found, expected)
    found = labels_of(tmp_path, [*annotations, crowd], classes=["fork", "spoon"])
    np.testing.assert_array_equal(found, expected)


COCO_NAMES = {
    1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck", 9: "boat",
    16: "bird", 17: "cat", 18: "dog", 19: "horse", 20: "sheep", 21: "cow", 44: "bottle", 51: "bowl", 62: "chair",
    63: "couch", 64: "potted plant", 67: "dining table", 72: "tv", 90: "toothbrush",
}  # fmt: skip
TO_VOC = {
    "airplane": "aeroplane", "motorcycle": "motorbike", "couch": "sofa", "potted plant": "pottedplant",
    "dining table": "diningtable", "tv": "tvmonitor",
}  # fmt: skip
TORCHVISION = [5, 2, 16, 9, 44, 6, 3, 17, 62, 21, 67, 18, 19, 4, 1, 64, 20, 63, 7, 72]
"""COCO's ids of VOC's classes: `references/segmentation` of torchvision, without the background."""


def test_coco_with_vocs_21_classes(tmp_path):
    categories = [{"id": number, "name": name} for number, name in COCO_NAMES.items()]
    write_coco(tmp_path, boxes((63, FIRST), (51, SECOND), (1, THIRD)), categories=categories)
    data = coco_data(tmp_path, task="semantic", label_map=TO_VOC, classes=list(VOC_CLASSES))
    assert data.classes == VOC_CLASSES and list(data.category_ids) == TORCHVISION
    truth = truth_of(data)
    assert truth.classes == VOC_CLASSES and list(truth.category_ids) == TORCHVISION
    np.testing.assert_array_equal(truth.labels(11), filled((18, FIRST), (15, THIRD)))


def test_more_classes_than_labels_have_values_are_an_error(tmp_path):
    categories = [{"id": number, "name": f"class {number}"} for number in range(1, 256)]
    write_coco(tmp_path, [annotation(1, 11, 255, [rectangle(*FIRST)])], categories=categories)
    with pytest.raises(DataError, match=r"There are 255 classes; labels tell 254 apart: choose by data.classes"):
        coco_data(tmp_path, task="semantic")
    assert len(coco_data(tmp_path).classes) == 255
    fits = coco_data(tmp_path, task="semantic", classes=[f"class {number}" for number in range(255, 1, -1)])
    assert set(np.unique(truth_of(fits).labels(11))) == {0, 1}
