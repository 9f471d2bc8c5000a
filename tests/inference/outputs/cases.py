"""Objects that formats find hard, and the images that they are in."""

import cv2
import numpy as np

from base import rle
from inference.detections import Detections
from inference.inputs.item import Item

NAMES = ("cat", "long haired/dog", "tree")
IDS = (3, 17, 90)
SIZE = (40, 60)


def masks():
    """A rectangle, a ring with a part of its own, one pixel, nothing; the ring covers a corner of the rectangle."""
    found = np.zeros((4, *SIZE), np.uint8)
    found[0, 5:20, 4:30] = 1
    cv2.circle(found[1], (35, 18), 12, 1, -1)
    cv2.circle(found[1], (35, 18), 5, 0, -1)
    found[1, 36:39, 2:9] = 1
    found[2, 39, 59] = 1
    return found


def detections():
    """Scores and boxes that are no round numbers, the best first."""
    boxes = np.array([[4.1, 5.2, 29.7, 20], [2, 5.5, 47.3, 39], [59, 39, 60, 40], [1, 1, 2, 2]], np.float32)
    scores, classes = np.array([0.95, 0.9, 0.8, 0.7], np.float32) / 1.1, np.array([2, 1, 3, 3])
    return Detections(SIZE, NAMES, boxes, scores, classes, tuple(map(rle.encode, masks())), IDS)


def image(seed=0):
    """(40, 60, 3) noise."""
    return np.random.default_rng(seed).integers(0, 256, (*SIZE, 3), np.uint8)


def item(path=None, image_id=7, stem="a/x"):
    """An image with a file, or a frame of a video."""
    if path is None:
        return Item(f"{stem}.jpg", stem, image_id, image(), 1.5)
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image())
    return Item(f"{stem}.png", stem, image_id, path)
