"""Quantiles of what is measured."""

import numpy as np

_QUANTILES = {"min": 0.0, "5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "max": 1.0}


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Minimum, quantiles and maximum of (N,) values; empty for none."""
    if not len(values):
        return {}
    return dict(zip(_QUANTILES, np.quantile(values, list(_QUANTILES.values())).round(4).tolist(), strict=True))
