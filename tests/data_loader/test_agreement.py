"""300 random masks in every form: runs, polygons, cut lines, index images; every reader sees the same pixels."""

import json

import cv2
import numpy as np
import pytest

from base import rle
from base.polygons import bridged, joined, outlines
from data_loader.writers import convert
from tests.base.test_polygons import random_mask
from tests.data_loader.coco.coco_folder import runs
from tests.data_loader.writers.data_set import read, read_folder

COUNT = 300
FORMS = {
    "runs": runs,
    "packed runs": rle.encode,
    "a polygon for each part": lambda mask: [bridged(part).reshape(-1).tolist() for part in outlines(mask)],
    "one polygon": lambda mask: [joined(outlines(mask)).reshape(-1).tolist()],
}


@pytest.fixture(scope="module")
def masks():
    """Name of an image → its object, not empty: noise, thin lines, holes, parts that touch at corners."""
    found = ((f"{seed:04}", random_mask(seed)) for seed in range(2 * COUNT))
    return dict([(name, mask) for name, mask in found if mask.any()][:COUNT])


def annotations(form, masks):
    return [
        {"id": number, "image_id": number, "category_id": 1, "segmentation": form(mask)}
        for number, mask in enumerate(masks.values(), 1)
    ]


@pytest.fixture(scope="module")
def folder(masks, tmp_path_factory):
    """COCO files, one for each form, beside the images."""
    root = tmp_path_factory.mktemp("masks")
    (root / "images").mkdir()
    for name, mask in masks.items():
        cv2.imwrite(str(root / "images" / f"{name}.png"), np.zeros((*mask.shape, 3), np.uint8))
    images = [{"id": number, "file_name": f"{name}.png"} for number, name in enumerate(masks, 1)]
    for name, form in FORMS.items():
        content = {"images": images, "annotations": annotations(form, masks), "categories": [{"id": 1, "name": "cup"}]}
        (root / f"{name}.json").write_text(json.dumps(content))
    return root


def coco(folder, form):
    return read({"name": "coco", "root": str(folder), "train": {"annotations": [f"{form}.json"], "images": "images"}})


def assert_equal(data, masks):
    records = [record for split in ("train", "val") for record in data.records(split)]
    assert {record.path.stem for record in records} == set(masks)
    for record in records:
        (item,) = record.objects
        np.testing.assert_array_equal(rle.decode(item.mask), masks[record.path.stem])


@pytest.mark.parametrize("form", FORMS)
def test_cocos_forms(folder, masks, form):
    assert_equal(coco(folder, form), masks)


@pytest.mark.parametrize("format", ["yolo", "voc", "mask_folder"])
def test_other_formats(folder, masks, tmp_path, format):
    convert(coco(folder, "packed runs"), format, tmp_path / "out")
    assert_equal(read_folder(tmp_path / "out"), masks)


def test_labelme(masks, tmp_path):
    for name, mask in masks.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((*mask.shape, 3), np.uint8))
        shapes = [
            {"label": "cup", "points": bridged(part).tolist(), "group_id": 1, "shape_type": "polygon", "flags": {}}
            for part in outlines(mask)
        ]
        content = {"version": "5.5.0", "shapes": shapes, "imagePath": f"{name}.png", "imageData": None}
        content |= {"imageHeight": mask.shape[0], "imageWidth": mask.shape[1], "flags": {}}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    assert_equal(read_folder(tmp_path), masks)
