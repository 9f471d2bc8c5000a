"""Which score to cut a class's detections at: precision, recall and F1 at an IoU of 0.5."""

from dataclasses import dataclass

import numpy as np

from evaluation.outcomes import CORRECT, IGNORED, Outcomes

GRID = np.arange(101) / 100
"""Thresholds of the curves."""


@dataclass(frozen=True)
class Threshold:
    """The score threshold of the highest F1; of equal ones the highest.

    Attributes:
        threshold: detections of this score or a higher one are kept; NaN where no detection is correct.
        f1: 2 · precision · recall / (precision + recall) there; 0 where no detection is correct, NaN without objects.
        precision: share of the kept detections that are correct.
        recall: share of the objects that are found.
        objects: number of objects.
    """

    threshold: float
    f1: float
    precision: float
    recall: float
    objects: int


def best_threshold(outcomes: Outcomes, label: int | None = None) -> Threshold:
    """The best threshold of a class, or of all classes together where it is None."""
    scores, right, objects = _detections(outcomes, label)
    if not objects:
        return Threshold(float("nan"), float("nan"), float("nan"), float("nan"), 0)
    if not right.any():
        return Threshold(float("nan"), 0.0, float("nan"), 0.0, objects)
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], np.cumsum(right[order])
    last = np.append(scores[1:] < scores[:-1], True)  # a threshold cannot part equal scores
    scores, hits, kept = scores[last], hits[last], np.flatnonzero(last) + 1
    f1 = 2 * hits / (kept + objects)
    best = int(f1.argmax())
    score, value, precision, recall = (float(values[best]) for values in (scores, f1, hits / kept, hits / objects))
    return Threshold(score, value, precision, recall, objects)


def f1_curve(outcomes: Outcomes, label: int | None = None) -> np.ndarray:
    """(len(GRID),) F1 where detections below each threshold of `GRID` are dropped; NaN without objects."""
    scores, right, objects = _detections(outcomes, label)
    if not objects:
        return np.full(len(GRID), np.nan)
    kept = np.searchsorted(np.sort(-scores), -GRID, side="right")
    hits = np.searchsorted(np.sort(-scores[right]), -GRID, side="right")
    return 2 * hits / (kept + objects)


def _detections(outcomes: Outcomes, label: int | None) -> tuple[np.ndarray, np.ndarray, int]:
    """Scores and whether they are correct, of the detections that count, and the number of objects."""
    kept = outcomes.outcomes != IGNORED
    objects = len(outcomes.object_labels)
    if label is not None:
        kept, objects = kept & (outcomes.labels == label), int((outcomes.object_labels == label).sum())
    return outcomes.scores[kept], outcomes.outcomes[kept] == CORRECT, objects
