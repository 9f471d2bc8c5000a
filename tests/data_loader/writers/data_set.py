"""A data set with everything that a format may lose, in COCO's format."""

import json

import cv2
import numpy as np
import PIL.Image

from base import rle
from data_loader.formats import recognize
from tests.data_loader.coco.coco_folder import CATEGORIES, annotation
from utils.registry import DATA, resolve, resolve_config

SIZE = (40, 60)
IMAGES = {"train": {11: "left/1.jpg", 5: "right/1.jpg", 800: "empty.png"}, "val": {2: "2.jpg"}, "test": {90: "3.jpg"}}


def pixels(*boxes):
    mask = np.zeros(SIZE, np.uint8)
    for left, top, right, bottom in boxes:
        mask[top:bottom, left:right] = 1
    return mask


RING = pixels((5, 5, 25, 25)) - pixels((10, 10, 20, 20))
PARTS = pixels((30, 2, 35, 8), (40, 20, 55, 30), (59, 39, 60, 40))
PIXEL = pixels((14, 15, 15, 16))
NOISE = (np.random.default_rng(0).random(SIZE) < 0.1).astype(np.uint8)
CROWD = pixels((0, 30, 20, 40))
MASKS = [
    (11, 7, RING, 0), (11, 90, PARTS, 0), (11, 90, PIXEL, 0), (11, 3, CROWD, 1),
    (5, 3, NOISE, 0), (2, 7, PARTS, 0), (90, 90, RING, 0),
]  # fmt: skip
"""Image, category, mask, crowd."""


def write_data_set(root, masks=None, images=None):
    """Three splits; two images have the same name in different folders, one has no object."""
    for split, names in (images or IMAGES).items():
        for number, name in names.items():
            path = root / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), np.full((*SIZE, 3), number % 256, np.uint8))
        found = [
            annotation(place, number, category, rle.encode(mask), iscrowd=crowd)
            for place, (number, category, mask, crowd) in enumerate(MASKS if masks is None else masks, 1)
            if number in names
        ]
        listed = [{"id": number, "file_name": name} for number, name in names.items()]
        content = {"images": listed, "annotations": found, "categories": CATEGORIES}
        (root / f"{split}.json").write_text(json.dumps(content))
    splits = {split: {"annotations": [f"{split}.json"], "images": "images"} for split in images or IMAGES}
    return read({"name": "coco", "root": str(root), **splits})


def read(section, **keys):
    """The data of a section, prepared."""
    section = {"image_size": [64, 64], "max_bad_fraction": 0, **section, **keys}
    config = resolve_config(DATA, section["name"]).model_validate_json(json.dumps(section))
    data = resolve(DATA, section["name"])(config, seed=0)
    data.prepare()
    return data


def read_folder(root):
    """The data of a folder, whose format is recognized."""
    return read(recognize(root))


def content(data, crowds=True):
    """Split → bytes of the image → the sorted classes and masks of its objects."""
    return {
        split: {
            (record.path.read_bytes(), record.height, record.width): sorted(
                (data.classes[item.category - 1], item.mask["counts"], item.crowd)
                for item in record.objects
                if crowds or not item.crowd
            )
            for record in data.records(split)
        }
        for split in ("train", "val", "test")
    }


def turn_by_exif(path):
    """Stores an image on its side, to be turned by 90° clockwise."""
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    shown = np.asarray(PIL.Image.open(path))
    PIL.Image.fromarray(np.ascontiguousarray(np.rot90(shown))).save(path, exif=exif)
