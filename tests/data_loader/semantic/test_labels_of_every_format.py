"""The synthetic data set in every format, read as labels: exact to the pixel, crowds and void as 255."""

import shutil

import numpy as np
import pytest
from pydantic import ValidationError

from base.batch import IGNORE
from data_loader.cityscapes.config import TRAIN_CLASSES
from data_loader.errors import DataError
from data_loader.formats import recognize
from data_loader.voc.config import VOC_CLASSES
from tests.data_loader import format_writers as writers
from tests.data_loader.synthetic import CLASSES, SIZE, synthetic
from tests.data_loader.test_every_format import prepared

SEMANTIC = {"task": "semantic"}


def expected(shown, classes=CLASSES):
    """The labels of an image whose objects do not overlap."""
    labels = np.zeros(SIZE, np.uint8)
    for thing in shown.things:
        labels[thing.mask] = IGNORE if thing.crowd else classes.index(thing.label) + 1
    return labels


def truths(data):
    """Name of an image → its labels in the size of the file, over all splits."""
    found = {}
    for split in ("train", "val", "test"):
        truth = data.ground_truth(split)
        assert truth.classes == data.classes and truth.category_ids == data.category_ids
        assert list(truth.image_ids) == [record.image_id for record in data.records(split)]
        found |= {record.path.stem: truth.labels(record.image_id) for record in data.records(split)}
    return found


def assert_labels(data, images, classes=CLASSES, name=lambda shown: shown.name):
    found = truths(data)
    assert len(found) == len(images)
    for shown in images:
        labels = found[name(shown)]
        assert labels.dtype == np.uint8
        np.testing.assert_array_equal(labels, expected(shown, classes))
    for split in ("train", "val", "test"):
        for sample, record in zip(data.split(split), data.records(split), strict=True):
            assert set(sample) == {"image", "labels", "image_id"} and sample["image"].shape == (*SIZE, 3)
            np.testing.assert_array_equal(sample["labels"], found[record.path.stem])


PAINTED = {
    "coco": (writers.coco, {"classes": list(CLASSES)}),
    "yolo": (writers.yolo, {}),
    "via": (writers.via, {}),
    "instances": (writers.mask_instances, {"names": list(CLASSES)}),
    "objects": (writers.mask_objects, {}),
}


@pytest.mark.parametrize("name", PAINTED)
def test_objects_are_painted_to_the_pixel(tmp_path, name):
    writer, keys = PAINTED[name]
    images = synthetic() if name == "coco" else [shown.without_crowds() for shown in synthetic()]
    writer(tmp_path, images)
    data = prepared(recognize(tmp_path) | SEMANTIC | keys)
    assert data.classes == CLASSES and data.task_name == "semantic"
    assert_labels(data, images)
    assert name != "coco" or any((labels == IGNORE).any() for labels in truths(data).values())


def test_wgisds_masks_are_painted(tmp_path):
    images = [shown.without_crowds() for shown in synthetic()]
    writers.wgisd(tmp_path, images)
    found = truths(prepared(recognize(tmp_path) | SEMANTIC))
    for shown in images:
        np.testing.assert_array_equal(found[shown.name], expected(shown) != 0)


def test_labelmes_shapes_are_painted_in_their_order(tmp_path):
    def rectangle(label, left, top, right, bottom):
        return {"label": label, "points": [[left, top], [right, bottom]], "shape_type": "rectangle", "group_id": None}

    shapes = [
        rectangle("plate", 10, 10, 50, 50),
        rectangle("cup", 20, 20, 60, 40),
        rectangle("__ignore__", 10, 10, 30, 15),
    ]
    for number, listed in enumerate((shapes, shapes[::-1], []), 1):
        writers.save(tmp_path / f"{number}.png", np.zeros((*SIZE, 3), np.uint8))
        content = {"shapes": listed, "imagePath": f"{number}.png"}
        writers.write_text(tmp_path / f"{number}.json", writers.json.dumps(content))
    found = truths(prepared(recognize(tmp_path) | SEMANTIC, label_map={"__ignore__": "ignore"}))
    first, second = np.zeros((2, *SIZE), np.uint8)
    first[10:50, 10:50], first[20:40, 20:60], first[10:15, 10:30] = 2, 1, 255
    second[10:15, 10:30], second[20:40, 20:60], second[10:50, 10:50] = 255, 1, 2
    np.testing.assert_array_equal(found["1"], first)
    np.testing.assert_array_equal(found["2"], second)
    assert not found["3"].any()


@pytest.fixture
def voc(tmp_path):
    """VOC's layout without SegmentationObject, with a border of 255 in each class image."""
    images = [shown.without_crowds() for shown in synthetic()]
    writers.voc(tmp_path, images)
    section = recognize(tmp_path) | SEMANTIC
    shutil.rmtree(tmp_path / "SegmentationObject")
    for shown in images:
        classes = writers.index_image(shown, lambda _, label, __: CLASSES.index(label) + 1)
        classes[:2] = 255
        writers.save(tmp_path / f"SegmentationClass/{shown.name}.png", classes, "P")
    return section, images


def test_vocs_labels_are_its_class_images(voc):
    section, images = voc
    data = prepared(section | {"names": list(CLASSES)})
    assert data.classes == CLASSES and data.category_ids == (1, 2, 3)
    found = truths(data)
    for shown in images:
        labels = expected(shown)
        labels[:2] = 255
        np.testing.assert_array_equal(found[shown.name], labels)
    assert prepared(section).classes == VOC_CLASSES and data.ground_truth("val").background


def test_further_labels_are_those_of_images_without_vocs_own(voc, tmp_path):
    """As SBD's: some images have labels from there alone, and for those that VOC has labeled VOC's count."""
    section, images = voc
    first, second, *_ = images
    more = np.full(SIZE, 3, np.uint8)
    (tmp_path / f"SegmentationClass/{first.name}.png").unlink()
    for shown in (first, second):
        writers.save(tmp_path / f"SegmentationClassAug/{shown.name}.png", more, "P")
    section = section | {"names": list(CLASSES)}
    with pytest.raises(DataError, match=rf"SegmentationClass/{first.name}.png: there is no such file"):
        prepared(section)
    found = truths(prepared(section, further_labels="SegmentationClassAug"))
    np.testing.assert_array_equal(found[first.name], more)
    np.testing.assert_array_equal(found[second.name][2:], expected(second)[2:])
    (tmp_path / f"SegmentationClassAug/{first.name}.png").unlink()
    with pytest.raises(DataError, match=rf"SegmentationClassAug/{first.name}.png: there is no such file"):
        prepared(section, further_labels="SegmentationClassAug")
    with pytest.raises(ValidationError, match="further_labels"):
        prepared(section, further_labels="../elsewhere")


def test_a_choice_of_vocs_classes_leaves_the_others_to_the_background(voc):
    section, images = voc
    data = prepared(section | {"names": list(CLASSES), "classes": ["spoon", "cup"]})
    assert data.category_ids == (3, 1)
    found = truths(data)
    for shown in images:
        labels = np.array([0, 2, 0, 1], np.uint8)[expected(shown)]
        labels[:2] = 255
        np.testing.assert_array_equal(found[shown.name], labels)


def test_a_value_that_names_does_not_have_is_a_broken_image(voc):
    section, _ = voc
    with pytest.raises(DataError, match=r"images are broken.*\n  scene_1: .*scene_1.png has 3; known are 0, 1, 2, 255"):
        prepared(section | {"names": ["cup", "fork"]})


@pytest.fixture
def cityscapes(tmp_path):
    """labelIds: three classes, a row of 0 and of each void id, a caravan; instanceIds are not there."""
    images = [shown.without_crowds() for shown in synthetic()]
    writers.cityscapes(tmp_path, images)
    section = recognize(tmp_path) | SEMANTIC | {"test": "test"}
    ids = writers.city_labels(tmp_path, images)
    for path in tmp_path.rglob("*_instanceIds.png"):
        path.unlink()
    return section, ids


def test_cityscapes_has_its_19_classes_and_no_background(cityscapes):
    """The order is that of the train ids: road 0, sidewalk 1, … bicycle 18."""
    section, ids = cityscapes
    data = prepared(section)
    assert len(data.classes) == 19 and data.classes[0] == "road" and data.classes[18] == "bicycle"
    assert data.classes[11:14] == ("person", "rider", "car")
    assert data.category_ids[:6] == (7, 8, 11, 12, 13, 17) and data.category_ids[16:] == (31, 32, 33)
    train_ids = {
        7: 0, 8: 1, 11: 2, 12: 3, 13: 4, 17: 5, 19: 6, 20: 7, 21: 8, 22: 9, 23: 10, 24: 11, 25: 12, 26: 13, 27: 14,
        28: 15, 31: 16, 32: 17, 33: 18,
    }  # fmt: skip
    table = np.array([train_ids.get(value, 254) + 1 for value in range(34)], np.uint8)
    found = truths(data)
    for name, values in ids.items():
        np.testing.assert_array_equal(found[name], table[values])
    assert not any((labels == 0).any() for labels in found.values())
    assert not data.ground_truth("val").background


def test_cityscapes_classes_that_are_merged_left_out_and_ignored(cityscapes):
    section, ids = cityscapes
    label_map = {"truck": "car", "bus": "car", "rider": "person", "train": None, "motorcycle": "ignore"}
    data = prepared(section, label_map=label_map, classes=["car", "person"])
    assert data.classes == ("car", "person") and data.category_ids == (26, 24)
    numbers = dict.fromkeys(TRAIN_CLASSES, 0) | {26: 1, 27: 1, 28: 1, 24: 2, 25: 2, 32: 255}
    assert data.ground_truth("val").background
    found = truths(data)
    for name, values in ids.items():
        np.testing.assert_array_equal(found[name], np.vectorize(lambda value: numbers.get(value, 255))(values))
