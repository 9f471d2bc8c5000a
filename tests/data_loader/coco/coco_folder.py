"""A small data set in COCO's format, and what its masks are."""

import json

import cv2
import numpy as np

from data_loader.coco.config import CocoDataConfig
from data_loader.coco.data import CocoData

CATEGORIES = [{"id": 7, "name": "cup"}, {"id": 3, "name": "fork"}, {"id": 90, "name": "spoon"}]
SPLIT = {"annotations": ["train.json"], "images": "images"}


def rectangle(left, top, right, bottom):
    return [left, top, right, top, right, bottom, left, bottom]


SQUARE = [rectangle(10, 5, 30, 25)]


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


def annotation(number, image_id, category_id, segmentation, **others):
    return {"id": number, "image_id": image_id, "category_id": category_id, "segmentation": segmentation, **others}


def write_images(root, images):
    """Writes gray images of the sizes that are given."""
    (root / "images").mkdir(parents=True, exist_ok=True)
    for item in images:
        pixels = np.full((item["height"], item["width"], 3), 90, np.uint8)
        cv2.imwrite(str(root / "images" / item["file_name"]), pixels)


def image(number, height=40, width=60):
    return {"id": number, "file_name": f"{number}.png", "height": height, "width": width}


def write_coco(root, annotations, images=None, name="train.json", categories=None):
    """Writes one file of annotations with its images; four images unless others are given."""
    images = [image(number) for number in (11, 5, 800, 2)] if images is None else images
    write_images(root, images)
    content = {"images": images, "annotations": annotations, "categories": categories or CATEGORIES}
    (root / name).write_text(json.dumps(content))


def coco_data(root, **keys):
    """Prepared data of the folder."""
    section = {"name": "coco", "root": str(root), "image_size": [64, 64], "train": SPLIT, "max_bad_fraction": 0, **keys}
    data = CocoData(CocoDataConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    return data


def all_records(data):
    """Image id → record of the training and validation images."""
    return {record.image_id: record for split in ("train", "val") for record in data.records(split)}
