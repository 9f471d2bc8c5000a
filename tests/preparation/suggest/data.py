"""Numbers of data sets that do not exist."""

import numpy as np

from preparation.suggest import DataStats

CAMERA = (480, 640)
"""Height and width of an image."""


def stats_of(boxes, image=None, sizes=(CAMERA,), crowds=None, names=("cup",)):
    """Boxes (N, 4) xyxy; without `image` they are spread over the images in turn."""
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    sizes = np.array(sizes)
    return DataStats(
        boxes=boxes,
        classes=np.ones(len(boxes), np.int64),
        image=np.arange(len(boxes)) % len(sizes) if image is None else np.array(image),
        sizes=sizes,
        crowds=np.zeros(len(sizes), np.int64) if crowds is None else np.array(crowds),
        names=names,
    )


def squares(side, number, within=CAMERA, seed=0):
    """Boxes of one size at random places."""
    corner = np.random.default_rng(seed).uniform(0, np.array(within[::-1]) - side, (number, 2))
    return np.concatenate([corner, corner + side], axis=1)
