"""What the analyses of all kinds of segmentation say in the same way: intervals and differences, as tables and JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from base.task import MetricTable
from evaluation.bootstrap import LEVEL, Difference, Interval

SPAN = f"{LEVEL:.0%}".replace("%", " %")
"""How an interval is called."""


def interval_table(
    named: Sequence[tuple[str, str]], metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> MetricTable:
    """A row for each of the metrics that has an interval.

    Args:
        named: title and name of the metrics.
        metrics: name → value.
        intervals: name → interval.
    """
    rows = [
        (title, metrics.get(name), intervals[name].low, intervals[name].high)
        for title, name in named
        if name in intervals
    ]
    return MetricTable((f"{SPAN} interval", "value", "from", "to"), tuple(rows))


def difference_table(differences: Mapping[str, Difference]) -> MetricTable:
    """A row for each metric that both runs have."""
    rows = [
        (name, one.value, one.other, one.difference, one.interval.low, one.interval.high, _verdict(one))
        for name, one in differences.items()
        if one.within_chance is not None
    ]
    return MetricTable(("difference", "this", "other", "this - other", "from", "to", ""), tuple(rows))


def difference_sentence(title: str, one: Difference, other: str) -> str:
    """A sentence on the difference of the main metric from the run called `other`."""
    return f"{title} differs by {one.difference:+.3f} from {other}: {_verdict(one)}."


def resampled_json(
    intervals: Mapping[str, Interval], other: str | None, differences: Mapping[str, Difference]
) -> dict[str, Any]:
    """The sections `intervals` and, where there is another run, `comparison`."""
    found: dict[str, Any] = {"intervals": {name: [span.low, span.high] for name, span in intervals.items()}}
    if other is not None:
        found["comparison"] = {"with": other, "metrics": {name: _difference(one) for name, one in differences.items()}}
    return found


def plain(value: Any) -> Any:
    """Arrays as lists, numbers of NumPy as Python's, NaN as None; floats to 6 digits behind the point."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in (value.tolist() if isinstance(value, np.ndarray) else value)]
    if isinstance(value, float):
        return round(float(value), 6) if np.isfinite(value) else None
    return value


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "value": one.value,
        "other": one.other,
        "difference": one.difference,
        "interval": [one.interval.low, one.interval.high],
        "within_chance": one.within_chance,
    }


def _verdict(one: Difference) -> str:
    if one.within_chance is None:
        return "no value"
    return "within chance" if one.within_chance else ("better" if one.difference > 0 else "worse")
