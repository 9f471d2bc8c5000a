"""Ground truth labels, batches and predictions of images of several sizes, as the evaluator of mean IoU takes them."""

import numpy as np

from base.batch import IGNORE
from base.labels import LabelTruth
from base.letterbox import Letterbox

NAMES = ("cat", "dog", "bird", "fish")
INPUT = (104, 104)
SIZES = ((48, 64), (31, 64), (48, 20), (40, 40), (48, 64), (10, 11), (48, 33))
"""They fit into the input as they are, so labels are resized to themselves."""


def truth_of(labels, names=NAMES, ids=()):
    """Of images numbered from 1."""
    return LabelTruth(names, tuple(range(1, len(labels) + 1)), lambda image_id: labels[image_id - 1], ids)


def random_labels(seed=0, sizes=SIZES):
    """Ground truth with ignored pixels, and predictions that are right three times in four.

    `bird` is in neither, `fish` is only predicted, and the last image is ignored altogether.
    """
    rng = np.random.default_rng(seed)
    truth, found = [], []
    for size in sizes:
        blocks = rng.integers(0, 3, (size[0] // 8 + 1, size[1] // 8 + 1)).astype(np.uint8)
        labels = np.repeat(np.repeat(blocks, 8, 0), 8, 1)[: size[0], : size[1]]
        guess = np.where(rng.random(size) < 0.75, labels, rng.integers(0, 3, size)).astype(np.uint8)
        guess[rng.random(size) < 0.02] = 4
        truth.append(np.where(rng.random(size) < 0.1, IGNORE, labels).astype(np.uint8))
        found.append(guess)
    truth[-1][:] = IGNORE
    return truth, found


def batches(found, size, input_size=INPUT, order=None, sizes=None):
    """Pairs of a batch and the predictions for it; the last batch is filled up.

    Args:
        found: labels of each image in pixels of the input.
        size: of a batch.
        order: of the images.
        sizes: of the files' images; None: those of `found`.
    """
    order = range(len(found)) if order is None else order
    for start in range(0, len(order), size):
        rows = list(order[start : start + size])
        batch = {
            "image_id": np.zeros(size, np.int64),
            "original_size": np.zeros((size, 2), np.int32),
            "image_size": np.zeros((size, 2), np.int32),
            "valid": np.arange(size) < len(rows),
        }
        labels = np.full((size, *input_size), 3, np.int32)  # of padding, a network may predict anything
        for row, index in enumerate(rows):
            inside = found[index]
            geometry = Letterbox(inside.shape if sizes is None else sizes[index], inside.shape)
            batch["image_id"][row] = index + 1
            batch["original_size"][row], batch["image_size"][row] = geometry.original, geometry.size
            labels[row, : inside.shape[0], : inside.shape[1]] = inside
        yield batch, {"labels": labels}
