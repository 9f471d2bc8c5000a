"""Tables of an inspection, whatever is annotated."""

from collections.abc import Mapping, Sequence

import numpy as np

from base.task import MetricTable
from preparation.inspection.facts import SplitFacts
from preparation.inspection.quantiles import quantiles


def quantiles_table(title: str, measures: Mapping[str, np.ndarray], facts: SplitFacts) -> MetricTable:
    """Quantiles of what was measured, and of the sizes of the images.

    Args:
        title: of the first column.
        measures: name → (N,) values; one without any has no row.
        facts: of the split.
    """
    every = {**measures, "image height": facts.sizes[:, 0], "image width": facts.sizes[:, 1]}
    found = {name: quantiles(values) for name, values in every.items()}
    ends: Sequence[str] = next((tuple(values) for values in found.values() if values), ())
    rows = tuple((name, *(_short(values[end]) for end in ends)) for name, values in found.items() if values)
    return MetricTable((title, *ends), rows)


def _short(value: float) -> float:
    """A whole number as such, a larger one without its fraction: 640, not 640.000."""
    return round(value) if value == int(value) or value >= 100 else value
