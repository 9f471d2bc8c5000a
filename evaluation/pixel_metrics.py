"""Metrics of a semantic segmentation from counted pixels.

With n the confusion matrix, t its rows' sums (the pixels that have a label), f its columns' (that are predicted to), of
each label: IoU = n_ii / (t + f − n_ii), accuracy = n_ii / t, Dice = 2 n_ii / (t + f); Long et al. 2015, section 5. The
boundary IoU (Cheng et al. 2021) is that of the boundaries, summed over the images. A label that is in neither ground
truth nor prediction has no IoU, Dice and boundary IoU, one that is not in the ground truth no accuracy: they are NaN
and in no mean.
"""

from collections.abc import Sequence

import numpy as np

from evaluation.pixel_counts import PixelCounts

SUMMARY = ("mIoU", "pixel_accuracy", "mean_accuracy", "frequency_weighted_IoU", "mean_Dice")
BOUNDARY_SUMMARY = "boundary_mIoU"
BY_CLASS = ("IoU", "accuracy", "Dice")
BOUNDARY_BY_CLASS = "boundary_IoU"


def class_metrics(counts: PixelCounts) -> dict[str, np.ndarray]:
    """`IoU`, `accuracy`, `Dice` and `boundary_IoU`, (C,) float64 each, in 0…1 or NaN."""
    hits = np.diag(counts.confusion)
    true, found = counts.confusion.sum(1), counts.confusion.sum(0)
    return {
        "IoU": _ratio(hits, true + found - hits),
        "accuracy": _ratio(hits, true),
        "Dice": _ratio(2 * hits, true + found),
        BOUNDARY_BY_CLASS: _ratio(counts.boundary_shared, counts.boundary_either),
    }


def summary(counts: PixelCounts, background: bool) -> dict[str, float]:
    """The means over the labels, with the names of `SUMMARY` and `BOUNDARY_SUMMARY`.

    Args:
        counts: of a split or of an image.
        background: whether label 0 is in the means; pixel accuracy is over all pixels in any case.
    """
    every = counts.confusion.sum()
    chosen = slice(0 if background else 1, None)
    values = {name: value[chosen] for name, value in class_metrics(counts).items()}
    true = counts.confusion.sum(1)[chosen]
    present = true > 0
    weighted = (values["IoU"][present] * true[present]).sum() / true[present].sum() if present.any() else np.nan
    return {
        "mIoU": _mean(values["IoU"]),
        "pixel_accuracy": float(np.trace(counts.confusion) / every) if every else float("nan"),
        "mean_accuracy": _mean(values["accuracy"]),
        "frequency_weighted_IoU": float(weighted),
        "mean_Dice": _mean(values["Dice"]),
        BOUNDARY_SUMMARY: _mean(values[BOUNDARY_BY_CLASS]),
    }


def named_metrics(
    counts: PixelCounts, names: Sequence[str], background: bool, per_class: bool, boundary: bool
) -> dict[str, float]:
    """The row of metrics: the means, then those of each label as `IoU/<name>`.

    Args:
        counts: of a split.
        names: of the C labels.
        background: whether label 0 is in the means and in the metrics by class.
        per_class: whether there are metrics by class.
        boundary: whether boundaries were counted.
    """
    means, classes = summary(counts, background), class_metrics(counts)
    if not boundary:
        means.pop(BOUNDARY_SUMMARY)
        classes.pop(BOUNDARY_BY_CLASS)
    first = 0 if background else 1
    rows = {
        f"{metric}/{names[label]}": float(values[label])
        for metric, values in classes.items()
        for label in range(first, len(names))
    }
    return means | (rows if per_class else {})


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), np.nan)


def _mean(values: np.ndarray) -> float:
    """Of those that are no NaN, which are taken out before: `nanmean` adds in another order."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
