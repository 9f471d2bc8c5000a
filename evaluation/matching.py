"""COCO's matching of detections with objects, in one pass for all IoU thresholds and object sizes.

Alphabet: `A` object sizes (all, small, medium, large), `T` IoU thresholds 0.50…0.95, `I` images by ascending id, `K`
classes, `G` objects and `D` detections of an image and class, `N` detections of all images.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.coco_curves import Kind
from evaluation.objects import ImageObjects, Objects

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""The axis T."""

_RANGES = np.array([[0, 1e10], [0, 32**2], [32**2, 96**2], [96**2, 1e10]])
"""The axis A: least and greatest area in pixels."""


@dataclass(frozen=True)
class Matches:
    """What COCO's matching says of each detection, and how many objects there are.

    Attributes:
        images: (N,) index into I.
        labels: (N,) 0…K-1.
        scores: (N,) float64.
        found: (N,) positions in the list of results.
        ranks: (N,) position among the detections of that image and class, 0 for the best.
        targets: (T, N) position in the ground truth's annotations of the object or crowd matched, -1 for none, for
            objects of all sizes.
        correct: (A, T, N) bool: matched with an object that counts.
        counted: (A, T, N) bool: neither matched with a crowd or an object of another size nor, unmatched, itself of
            another size.
        objects: (A, I, K) number of objects that count.
    """

    images: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    found: np.ndarray
    ranks: np.ndarray
    targets: np.ndarray
    correct: np.ndarray
    counted: np.ndarray
    objects: np.ndarray


def match(objects: Objects, kind: Kind) -> Matches:
    """Matches every image and class."""
    sizes, thresholds = len(_RANGES), len(THRESHOLDS)
    number = np.zeros((sizes, len(objects.images), len(objects.classes)), int)
    parts: list[dict[str, np.ndarray]] = [_empty(sizes, thresholds)]
    for index, image in enumerate(objects.images):
        ignored = _ignored(image)
        for label in np.unique(np.concatenate([image.labels, image.found_labels])):
            columns, rows = np.flatnonzero(image.labels == label), np.flatnonzero(image.found_labels == label)
            number[:, index, label] = (~ignored[:, columns]).sum(1)
            one = _match_class(image, kind, rows, columns, ignored[:, columns])
            parts.append(one | {"images": np.full(len(rows), index), "labels": np.full(len(rows), label)})
    return Matches(objects=number, **{key: np.concatenate([part[key] for part in parts], -1) for key in parts[0]})


def _empty(sizes: int, thresholds: int) -> dict[str, np.ndarray]:
    """Gives the arrays their shapes where there is no detection at all."""
    flat = {key: np.zeros(0, int) for key in ("images", "labels", "found", "ranks")}
    flags = {key: np.zeros((sizes, thresholds, 0), bool) for key in ("correct", "counted")}
    return {**flat, **flags, "scores": np.zeros(0), "targets": np.zeros((thresholds, 0), int)}


def _ignored(image: ImageObjects) -> np.ndarray:
    """(A, G): crowds, and objects of another size."""
    return image.crowd | _outside(image.areas)


def _outside(areas: np.ndarray) -> np.ndarray:
    """(N,) → (A, N)."""
    return (areas < _RANGES[:, :1]) | (areas > _RANGES[:, 1:])


def _match_class(
    image: ImageObjects, kind: Kind, rows: np.ndarray, columns: np.ndarray, ignored: np.ndarray
) -> dict[str, np.ndarray]:
    chosen = _chosen(image.overlaps[kind][np.ix_(rows, columns)], ignored, image.crowd[columns])
    matched = chosen >= 0
    padded = np.concatenate([ignored, np.zeros((len(ignored), 1), bool)], 1)  # the column -1: no object
    beside = np.take_along_axis(padded[:, None].repeat(chosen.shape[1], 1), chosen, 2)
    left_out = beside | (~matched & _outside(image.found_areas[kind][rows])[:, None])
    return {
        "scores": image.scores[rows],
        "found": image.found[rows],
        "ranks": np.arange(len(rows)),
        "targets": np.append(image.targets[columns], -1)[chosen[0]],
        "correct": matched & ~beside,
        "counted": ~left_out,
    }


def _chosen(overlaps: np.ndarray, ignored: np.ndarray, crowd: np.ndarray) -> np.ndarray:
    """(A, T, D): the column that each detection is matched with, -1 for none.

    In the order of scores each takes, of the objects still free, that of the highest IoU; ignored ones only where no
    other reaches the threshold; of equal ones the last. A crowd is never used up.

    Args:
        overlaps: (D, G), the best detection first.
        ignored: (A, G).
        crowd: (G,).
    """
    sizes, (detections, targets) = len(ignored), overlaps.shape
    chosen = np.full((sizes, len(THRESHOLDS), detections), -1)
    free = np.ones((sizes, len(THRESHOLDS), targets), bool)
    preferred = np.where(ignored, 0, targets)[:, None]
    for row in np.flatnonzero(overlaps.max(1, initial=0) >= THRESHOLDS[0]):
        order = np.argsort(np.argsort(overlaps[row], kind="stable"), kind="stable")
        usable = (free | crowd) & (overlaps[row] >= THRESHOLDS[:, None])
        best = np.where(usable, order + preferred, -1).argmax(2)
        taken = np.take_along_axis(usable, best[..., None], 2)[..., 0]
        chosen[..., row] = np.where(taken, best, -1)
        size, threshold = np.nonzero(taken)
        free[size, threshold, best[taken]] = False
    return chosen
