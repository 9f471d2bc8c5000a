"""Whether a score of 0.8 means that 80 % of such detections are correct (Guo et al. 2017, for detections)."""

from dataclasses import dataclass

import numpy as np

from evaluation.outcomes import CORRECT, IGNORED, Outcomes

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """The reliability diagram over bins of equal width, and its summary.

    Attributes:
        edges: (BINS + 1,) from 0 to 1; a score at an edge belongs to the bin below it.
        counts: (BINS,) detections.
        scores: (BINS,) their mean score; NaN for an empty bin.
        precisions: (BINS,) the share of them that is correct at an IoU of 0.5; NaN for an empty bin.
        error: expected calibration error: the mean of |precision - score| over the bins, weighted by their counts;
            NaN without a detection.
    """

    edges: np.ndarray
    counts: np.ndarray
    scores: np.ndarray
    precisions: np.ndarray
    error: float


def calibration(outcomes: Outcomes) -> Calibration:
    """Of all detections that count, whatever their score: those in a crowd do not."""
    kept = outcomes.outcomes != IGNORED
    scores, right = outcomes.scores[kept], outcomes.outcomes[kept] == CORRECT
    edges = np.linspace(0, 1, BINS + 1)
    bins = np.clip(np.searchsorted(edges, scores, side="left") - 1, 0, BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    safe = np.where(counts > 0, counts, np.nan)
    means = np.bincount(bins, scores, BINS) / safe
    precisions = np.bincount(bins, right, BINS) / safe
    gaps = np.nansum(np.abs(precisions - means) * counts)
    return Calibration(edges, counts, means, precisions, float(gaps / len(scores)) if len(scores) else float("nan"))
