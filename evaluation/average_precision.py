"""COCO's average precision from matches: the curves, and the AP of many weightings of the images at once.

Alphabet: that of `evaluation/matching.py`; `R` 101 recall thresholds, `M` limits on the detections of an image and
class, `B` weightings of the images.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.coco_curves import SIZES, Curves
from evaluation.matching import THRESHOLDS, Matches

RECALLS = np.linspace(0, 1, 101)
"""The axis R."""

SUMMARY = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")
"""Rows of `weighted_precision`: names of metrics, as in `evaluation/coco.py`."""

_ROWS = ((0, slice(None)), (0, slice(0, 1)), (0, slice(5, 6)), (1, slice(None)), (2, slice(None)), (3, slice(None)))
"""Index into A and T of each of `SUMMARY`."""

_BYTES = 1 << 26
"""About how much memory one array of weighted counts may take."""


def accumulate(matches: Matches, limits: Sequence[int]) -> Curves:
    """The curves that both COCO libraries accumulate, to the last digit.

    Args:
        matches: of a split.
        limits: M, ascending.
    """
    classes = matches.objects.shape[2]
    precision = np.full((len(THRESHOLDS), len(RECALLS), classes, len(SIZES), len(limits)), -1.0)
    recall = np.full((len(THRESHOLDS), classes, len(SIZES), len(limits)), -1.0)
    for label in range(classes):
        order = _by_score(matches, label)
        for size, objects in enumerate(matches.objects[:, :, label].sum(1)):
            for number, limit in enumerate(limits) if objects else ():
                kept = order[matches.ranks[order] < limit]
                correct, counted = matches.correct[size][:, kept], matches.counted[size][:, kept]
                values = [curve(*rows, objects) for rows in zip(correct, counted, strict=True)]
                precision[:, :, label, size, number] = [curve for curve, _ in values]
                recall[:, label, size, number] = [reached for _, reached in values]
    return Curves(precision, recall)


def _by_score(matches: Matches, label: int) -> np.ndarray:
    """Positions of a class's detections, the best first, equal ones by image."""
    of_class = np.flatnonzero(matches.labels == label)
    return of_class[np.argsort(-matches.scores[of_class], kind="stable")]


def curve(correct: np.ndarray, counted: np.ndarray, objects: int) -> tuple[np.ndarray, float]:
    """Precision at the thresholds R, and the recall reached, of detections (n,) by descending score."""
    right, wrong = np.cumsum(correct & counted), np.cumsum(~correct & counted)
    precision = np.append(_envelope(right / (right + wrong + np.spacing(1))), 0)  # 0 beyond the recall reached
    recall = right / objects
    return precision[np.searchsorted(recall, RECALLS, side="left")], recall[-1] if len(recall) else 0.0


def _envelope(precision: np.ndarray) -> np.ndarray:
    """The highest precision at this or any later place along the first axis."""
    return np.maximum.accumulate(precision[::-1])[::-1]


def weighted_precision(matches: Matches, weights: np.ndarray) -> np.ndarray:
    """(len(SUMMARY), K, B): the AP of each class where image i counts `weights[i, b]` times; NaN without an object.

    The mean over the classes that are not NaN is COCO's AP of that weighting. Of equal scores, those of the image
    with the lower id go first.

    Args:
        matches: of a split.
        weights: (I, B), whole numbers from 0.
    """
    classes, draws = matches.objects.shape[2], weights.shape[1]
    weights = weights.astype(np.int32)  # half the memory to move
    values = np.full((len(SUMMARY), classes, draws), np.nan)
    for label in range(classes):
        order = _by_score(matches, label)
        step = max(1, _BYTES // (4 * max(1, len(order))))
        for start in range(0, draws, step):
            part = slice(start, start + step)
            values[:, label, part] = _weighted_class(matches, label, order, weights[:, part])
    return values


def _weighted_class(matches: Matches, label: int, order: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(len(SUMMARY), B) of one class."""
    by_detection = weights[matches.images[order]]  # (n, B)
    values = np.full((len(SIZES), len(THRESHOLDS), weights.shape[1]), np.nan)
    for size in range(len(SIZES)):
        objects = matches.objects[size, :, label]
        if objects.any():
            correct, counted = matches.correct[size][:, order], matches.counted[size][:, order]
            values[size] = _by_threshold(correct, counted, by_detection, objects @ weights)
    return np.stack([values[size, rows].mean(0) for size, rows in _ROWS])


def _by_threshold(correct: np.ndarray, counted: np.ndarray, weights: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """(T, B) AP of one class and size; thresholds with the same detections share the running sum of what counts."""
    found, sums = [], {}
    for right, kept in zip(correct, counted, strict=True):
        key = kept.tobytes()
        if key not in sums:
            sums[key] = np.cumsum(weights * kept[:, None], 0, dtype=weights.dtype)
        hits = right & kept
        found.append(_weighted_ap(np.cumsum(weights[hits], 0, dtype=weights.dtype), sums[key][hits], objects))
    return np.array(found)


def _weighted_ap(right: np.ndarray, all_so_far: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """(B,) mean precision over R.

    Only correct detections raise recall or precision, so the curve is known from its values at these.

    Args:
        right: (n, B) weight of the correct detections up to each correct one.
        all_so_far: (n, B) weight of all that count up to there.
        objects: (B,) weight of the objects.
    """
    precision = _envelope(right / np.maximum(all_so_far, 1))
    reached = np.searchsorted(RECALLS, right / np.maximum(objects, 1), side="right")  # thresholds up to this recall
    # Without a weighted detection so far nothing is reached, not even the recall 0.
    gained = np.diff(np.where(right > 0, reached, 0), axis=0, prepend=0)
    return np.where(objects > 0, (precision * gained).sum(0) / len(RECALLS), np.nan)
