"""Objects of an image: what they print, how they are chosen and what they convert to, worked out by hand."""

import json

import numpy as np
from pycocotools.coco import COCO

from base import rle
from base.rle import Rle
from inference.detections import Detections

NAMES, IDS = ("cup", "fork", "spoon"), (3, 7, 90)
HEIGHT, WIDTH = 20, 30


def block(x0: int, y0: int, x1: int, y1: int) -> Rle:
    """The mask of a rectangle."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y0:y1, x0:x1] = 1
    return rle.encode(mask)


def three_objects() -> Detections:
    """A spoon of 10×8 pixels, a cup of 4×4 that overlaps it and a fork of 2×10; boxes are not quite tight."""
    boxes = np.array([[2, 1, 12, 9], [10, 7, 14, 11], [24.004, 5.5, 26, 15.251]], np.float32)
    masks = (block(2, 1, 12, 9), block(10, 7, 14, 11), block(24, 5, 26, 15))
    scores = np.array([0.9, 0.75, 0.3333333], np.float32)
    return Detections((HEIGHT, WIDTH), NAMES, boxes, scores, np.array([3, 1, 2]), masks, IDS)


def test_cocos_results_have_the_data_sets_own_ids_and_are_rounded():
    found = three_objects().to_coco(17)
    assert [one["category_id"] for one in found] == [90, 3, 7]
    assert found[2] == {
        "image_id": 17,
        "category_id": 7,
        "bbox": [24.0, 5.5, 2.0, 9.75],
        "segmentation": block(24, 5, 26, 15),
        "score": 0.333333,
    }


def test_pycocotools_loads_cocos_results():
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 17, "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": number, "name": name} for number, name in zip(IDS, NAMES, strict=True)],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(json.loads(json.dumps(three_objects().to_coco(17))))
    assert [truth.cats[one["category_id"]]["name"] for one in loaded.dataset["annotations"]] == ["spoon", "cup", "fork"]
    masks = [loaded.annToMask(one) for one in loaded.dataset["annotations"]]
    np.testing.assert_array_equal(masks, three_objects().pixels())


def test_ids_count_from_1_where_none_are_given():
    found = three_objects()
    plain = Detections(found.size, NAMES, found.boxes, found.scores, found.classes, found.masks)
    assert [one["category_id"] for one in plain.to_coco(1)] == [3, 1, 2]
