"""Metrics of a semantic segmentation from counted pixels.

With n the confusion matrix, t its rows' sums (the pixels that have a label), f its columns' (that are predicted to), of
each label: IoU = n_ii / (t + f − n_ii), accuracy = n_ii / t, Dice = 2 n_ii / (t + f); Long et al. 2015, section 5. The
boundary IoU (Cheng et al. 2021) is that of the boundaries, summed over the images. A label that is in neither ground
truth nor prediction has no IoU, Dice and boundary IoU, one that is not in the ground truth no accuracy: they are NaN
and in no mean.
"""

from collections.abc import Sequence

import numpy as np

SUMMARY = ("mIoU", "pixel_accuracy", "mean_accuracy", "frequency_weighted_IoU", "mean_Dice")
BOUNDARY_SUMMARY = "boundary_mIoU"
BY_CLASS = ("IoU", "accuracy", "Dice")
BOUNDARY_BY_CLASS = "boundary_IoU"


def class_metrics(regions: np.ndarray) -> dict[str, np.ndarray]:
    """`IoU`, `accuracy`, `Dice` and `boundary_IoU`, (C,) float64 each, in 0…1 or NaN.

    Args:
        regions: (5, C), see `PixelCounts.regions`.
    """
    hits, true, found, shared, either = regions
    return {
        "IoU": _ratio(hits, true + found - hits),
        "accuracy": _ratio(hits, true),
        "Dice": _ratio(2 * hits, true + found),
        BOUNDARY_BY_CLASS: _ratio(shared, either),
    }


def summary(regions: np.ndarray, background: bool) -> dict[str, float]:
    """The means over the labels, with the names of `SUMMARY` and `BOUNDARY_SUMMARY`.

    Args:
        regions: (5, C), of a split or of an image.
        background: whether label 0 is in the means; pixel accuracy is over all pixels in any case.
    """
    hits, every = regions[:2].sum(1)
    chosen = slice(0 if background else 1, None)
    values = {name: value[chosen] for name, value in class_metrics(regions).items()}
    true = regions[1, chosen]
    present = true > 0
    weighted = (values["IoU"][present] * true[present]).sum() / true[present].sum() if present.any() else np.nan
    return {
        "mIoU": _mean(values["IoU"]),
        "pixel_accuracy": float(hits / every) if every else float("nan"),
        "mean_accuracy": _mean(values["accuracy"]),
        "frequency_weighted_IoU": float(weighted),
        "mean_Dice": _mean(values["Dice"]),
        BOUNDARY_SUMMARY: _mean(values[BOUNDARY_BY_CLASS]),
    }


def named_metrics(
    regions: np.ndarray, names: Sequence[str], background: bool, per_class: bool = True, boundary: bool = True
) -> dict[str, float]:
    """The row of metrics: the means, then those of each label as `IoU/<name>`.

    Args:
        regions: (5, C), of a split.
        names: of the C labels.
        background: whether label 0 is in the means and in the metrics by class.
        per_class: whether there are metrics by class.
        boundary: whether boundaries were counted.
    """
    means, classes = summary(regions, background), class_metrics(regions)
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
