"""PASCAL VOC's layout by config alone: masks to the pixel, classes, lists, and what is broken."""

import json

import cv2
import numpy as np
import PIL.Image
import pytest

from base import rle
from data_loader.errors import DataError
from data_loader.formats import recognize
from data_loader.voc.config import VOC_CLASSES, VocDataConfig
from data_loader.voc.data import VocData

LISTS = {"train": ["a", "b", "c"], "val": ["d"], "trainval": ["a", "b", "c", "d"]}


def indices_of(name):
    """(objects, classes): two objects that touch, a border around the first, one of them in two parts."""
    objects, classes = np.zeros((30, 50), np.uint8), np.zeros((30, 50), np.uint8)
    if name != "c":  # an image without an object
        objects[4:16, 4:20], objects[5:15, 5:19], classes[4:16, 4:20], classes[5:15, 5:19] = 255, 1, 255, 15
        objects[5:15, 20:30] = objects[20:25, 40:45] = 2
        classes[objects == 2] = 12
    return objects, classes


def save_palette(path, indices):
    image = PIL.Image.fromarray(indices, mode="P")
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 7 * index % 256)])
    image.save(path)


@pytest.fixture
def voc(tmp_path):
    for folder in ("JPEGImages", "SegmentationObject", "SegmentationClass", "ImageSets/Segmentation"):
        (tmp_path / folder).mkdir(parents=True)
    for name in LISTS["trainval"]:
        objects, classes = indices_of(name)
        cv2.imwrite(str(tmp_path / f"JPEGImages/{name}.jpg"), np.full((30, 50, 3), 99, np.uint8))
        save_palette(tmp_path / f"SegmentationObject/{name}.png", objects)
        save_palette(tmp_path / f"SegmentationClass/{name}.png", classes)
    for name, names in LISTS.items():
        (tmp_path / f"ImageSets/Segmentation/{name}.txt").write_text("\n".join(names) + "\n")
    return tmp_path


def voc_data(root, **keys):
    section = {"name": "voc", "root": str(root), "image_size": [64, 64], "max_bad_fraction": 0, **keys}
    data = VocData(VocDataConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    return data


def names(data, split):
    return [record.path.stem for record in data.records(split)]


def test_objects_are_those_of_the_index_images_without_their_borders(voc):
    data = voc_data(voc)
    assert data.classes == VOC_CLASSES and len(data.classes) == 20
    assert [names(data, split) for split in ("train", "val", "test")] == [["a", "b", "c"], ["d"], ["d"]]
    objects, _ = indices_of("a")
    found = data.records("train")[0].objects
    assert [data.classes[item.category - 1] for item in found] == ["person", "dog"]
    for value, item in enumerate(found, 1):
        np.testing.assert_array_equal(rle.decode(item.mask), objects == value)
    assert data.records("train")[2].objects == ()


def test_lists_classes_and_splits_are_chosen_by_config(voc):
    data = voc_data(voc, train="trainval", val=None, test="val", val_fraction=0.25, classes=["dog"])
    assert len(data.records("train")) == 3 and len(data.records("val")) == 1 and names(data, "test") == ["d"]
    assert {item.category for record in data.records("train") for item in record.objects} == {1}
    assert data.ground_truth("test")["categories"] == [{"id": 12, "name": "dog"}]
    same = {record.path.stem: record.image_id for split in ("train", "val", "test") for record in data.records(split)}
    assert sorted(same.values()) == [1, 2, 3, 4]


def gray(path):
    cv2.imwrite(str(path), np.zeros((30, 50, 3), np.uint8))


@pytest.mark.parametrize(
    ("breaking", "reason"),
    [
        (lambda root: (root / "JPEGImages/b.jpg").unlink(), "there is no such file"),
        (lambda root: (root / "JPEGImages/b.jpg").write_text("text"), "no header of an image"),
        (lambda root: (root / "SegmentationObject/b.png").unlink(), "there is no such file"),
        (lambda root: (root / "SegmentationClass/b.png").write_bytes(b"\x89PNG"), "does not decode"),
        (lambda root: gray(root / "SegmentationClass/b.png"), "the colors RGB instead of one index"),
        (lambda root: save_palette(root / "SegmentationObject/b.png", np.zeros((9, 9), np.uint8)), r"mask is \(9, 9\)"),
        (
            lambda root: save_palette(root / "SegmentationClass/b.png", np.full((30, 50), 21, np.uint8)),
            "object 1 has the class 21; data.names has 1…20",
        ),
        (lambda root: save_palette(root / "SegmentationClass/b.png", np.zeros((30, 50), np.uint8)), "has the class 0"),
    ],
)
def test_broken_files_are_named_counted_and_left_out(voc, breaking, reason):
    breaking(voc)
    with pytest.raises(DataError, match=rf"1 of 4 images are broken.*\n  b: .*{reason}"):
        voc_data(voc)
    assert names(voc_data(voc, max_bad_fraction=0.3), "train") == ["a", "c"]


@pytest.mark.parametrize("name", ["../a", "x\0y", "/etc/hostname"])
def test_names_that_lead_elsewhere_are_broken(voc, name):
    (voc / "ImageSets/Segmentation/train.txt").write_text(f"a\n{name}\n")
    with pytest.raises(DataError, match="is no name of a file in the folder"):
        voc_data(voc)


def test_a_missing_list_is_named(voc):
    with pytest.raises(DataError, match=r"ImageSets/Segmentation/other.txt: there is no such file"):
        voc_data(voc, train="other")


def test_a_layout_with_classes_of_its_own(voc):
    _, classes = indices_of("a")
    for name in ("a", "b", "d"):
        save_palette(voc / f"SegmentationClass/{name}.png", np.where(classes == 15, 1, classes // 6))
    data = voc_data(voc, names=["cup", "fork"])
    assert [item.category for item in data.records("train")[0].objects] == [1, 2]
    assert data.spec.classes == ("cup", "fork")


def test_the_layout_is_recognized_with_the_lists_that_are_there(voc):
    assert recognize(voc) == {"name": "voc", "root": str(voc), "train": "train", "val": "val"}
    (voc / "ImageSets/Segmentation/train.txt").unlink()
    assert recognize(voc) == {"name": "voc", "root": str(voc), "train": "trainval", "val": None}
