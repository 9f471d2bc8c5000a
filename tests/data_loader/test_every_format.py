"""The synthetic data set written in every format and read back: masks to the pixel, classes, splits, crowds."""

import json

import numpy as np
import pytest

from base import rle
from data_loader.errors import DataError
from data_loader.formats import recognize
from tests.data_loader import format_writers as writers
from tests.data_loader.synthetic import CATEGORY_IDS, CLASSES, components, iou, synthetic
from utils.registry import DATA, resolve, resolve_config

LARGE = 60
"""Pixels from which a polygon that is drawn by hand must have IoU 0.98."""


def prepared(section, **keys):
    section = section | {"image_size": [64, 64], "max_bad_fraction": 0, "max_objects": 20} | keys
    config = resolve_config(DATA, section["name"]).model_validate_json(json.dumps(section))
    data = resolve(DATA, section["name"])(config, seed=0)
    data.prepare()
    return data


def written(tmp_path, writer, name, images=None, **keys):
    """The images as they were written, and what the data set that the folder is recognized as has."""
    images = synthetic() if images is None else images
    writer(tmp_path, images)
    section = recognize(tmp_path)
    assert section["name"] == name
    return images, prepared(section | keys)


def objects_of(data, split):
    """Position in the split → its objects as (class, mask, crowd)."""
    return [
        [(data.classes[item.category - 1], rle.decode(item.mask).astype(bool), item.crowd) for item in record.objects]
        for record in data.records(split)
    ]


def assert_same(found, expected, label=lambda name: name):
    """The same objects, in any order; `expected` are things."""
    assert sorted(item[0] for item in found) == sorted(label(thing.label) for thing in expected)
    for thing in expected:
        equal = [crowd for name, mask, crowd in found if name == label(thing.label) and (mask == thing.mask).all()]
        assert equal == [thing.crowd]


EXACT = {
    "coco": (writers.coco, {}),
    "voc": (writers.voc, {"names": list(CLASSES)}),
    "yolo": (writers.yolo, {}),
    "via": (writers.via, {}),
    "mask_folder": (writers.mask_instances, {"names": list(CLASSES)}),
}


@pytest.mark.parametrize("name", EXACT)
def test_masks_classes_and_splits_come_back_to_the_pixel(tmp_path, name):
    writer, keys = EXACT[name]
    images = synthetic() if name == "coco" else [shown.without_crowds() for shown in synthetic()]
    _, data = written(tmp_path, writer, name, images, **keys)
    assert sorted(data.classes) == sorted(CLASSES) and data.display_name == tmp_path.name
    for split in ("train", "val", "test"):
        expected = {shown.name: shown for shown in images if shown.split == split}
        assert {record.path.stem for record in data.records(split)} == set(expected)
        for record, found in zip(data.records(split), objects_of(data, split), strict=True):
            assert_same(found, expected[record.path.stem].things)


def test_cocos_ids_are_kept(tmp_path):
    _, data = written(tmp_path, writers.coco, "coco")
    assert {item["name"]: item["id"] for item in data.ground_truth("val")["categories"]} == CATEGORY_IDS
    assert [record.image_id for record in data.records("train")] == [900, 893, 886, 879]


def test_objects_of_a_file_each_with_the_class_as_a_folder(tmp_path):
    images = [shown.without_crowds() for shown in synthetic()]
    _, data = written(tmp_path, writers.mask_objects, "mask_folder", images)
    assert data.classes == CLASSES
    for shown, found in zip(images, (*objects_of(data, "train"), *objects_of(data, "val")), strict=False):
        assert_same(found, shown.things)


def test_the_regions_of_a_class_are_objects(tmp_path):
    images, data = written(tmp_path, writers.mask_semantic, "mask_folder", names=list(CLASSES))
    assert data.config.kind == "semantic"
    for shown, found in zip(images, objects_of(data, "train"), strict=False):
        for label in CLASSES:
            masks = [thing.mask for thing in shown.things if thing.label == label]
            regions = components(np.any(masks, axis=0)) if masks else []
            of_class = [mask for name, mask, _ in found if name == label]
            assert len(of_class) == len(regions)
            assert all(any((region == mask).all() for mask in of_class) for region in regions)


def test_cityscapes_with_its_crowds_and_without_other_classes(tmp_path):
    images, data = written(tmp_path, writers.cityscapes, "cityscapes", test="test")
    assert len(data.classes) == 8
    found = [*objects_of(data, "train"), *objects_of(data, "val"), *objects_of(data, "test")]
    for shown, objects in zip(images, found, strict=True):
        assert_same(objects, shown.things, writers.CITY_NAMES.get)
    assert data.ground_truth("val")["categories"][0] == {"id": 24, "name": "person"}


def test_wgisds_masks(tmp_path):
    images = [shown.without_crowds() for shown in synthetic()]
    _, data = written(tmp_path, writers.wgisd, "wgisd", images)
    assert data.classes == ("grape",) and [record.path.stem for record in data.records("test")] == ["scene_6"]
    expected = {shown.name: shown for shown in images}
    for split in ("train", "val", "test"):
        for record, found in zip(data.records(split), objects_of(data, split), strict=True):
            assert_same(found, expected[record.path.stem].things, lambda _: "grape")


@pytest.mark.parametrize(("name", "writer"), [("yolo", writers.yolo_drawn), ("labelme", writers.labelme)])
def test_polygons_that_are_drawn_by_hand(tmp_path, name, writer):
    images = [shown.without_crowds() for shown in synthetic()]
    _, data = written(tmp_path, writer, name, images)
    assert data.classes == CLASSES
    compared = 0
    for split in ("train", "val", "test"):
        expected = [shown for shown in images if shown.split == split]
        for shown, found in zip(expected, objects_of(data, split), strict=True):
            assert sorted(item[0] for item in found) == sorted(thing.label for thing in shown.things)
            for thing in shown.things:
                best = max(iou(mask, thing.mask) for label, mask, _ in found if label == thing.label)
                assert best >= (0.98 if thing.mask.sum() >= LARGE else 0.5)
                compared += 1
    assert compared > 20


@pytest.mark.parametrize("name", EXACT)
def test_a_choice_of_classes_and_a_wrong_one(tmp_path, name):
    writer, keys = EXACT[name]
    images, data = written(tmp_path, writer, name, **keys, classes=["spoon", "cup"])
    assert data.classes == ("spoon", "cup")
    first = [thing.label for thing in images[0].things if thing.label != "fork"]
    assert sorted(label for label, _, _ in objects_of(data, "train")[0]) == sorted(first)
    with pytest.raises(DataError, match=r'no class "spon"; did you mean "spoon"\?'):
        prepared(recognize(tmp_path) | keys, classes=["spon"])
