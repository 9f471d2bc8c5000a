"""What the plots of all kinds of segmentation take from an analysis."""

from collections.abc import Mapping, Sequence

import numpy as np

from evaluation.bootstrap import Interval


def class_intervals(
    metrics: Mapping[str, float], intervals: Mapping[str, Interval], prefix: str, classes: Sequence[str]
) -> dict[str, tuple[float, float, float]]:
    """Class → value of `<prefix>/<class>` and both ends of its interval; the value itself where there is none."""
    found = {}
    for name in classes:
        key = f"{prefix}/{name}"
        span, value = intervals.get(key), metrics.get(key, float("nan"))
        found[name] = (value, span.low if span else value, span.high if span else value)
    return found


def seen_classes(confusion: np.ndarray, names: Sequence[str], background: int) -> tuple[np.ndarray, list[str]]:
    """A confusion matrix without the classes that are neither there nor predicted; the background stays."""
    seen = (confusion.sum(0) + confusion.sum(1)) > 0
    seen[background] = True
    return confusion[np.ix_(seen, seen)], [name for name, kept in zip(names, seen, strict=True) if kept]
