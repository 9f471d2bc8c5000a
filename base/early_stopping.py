"""When to give up waiting for a better validation."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from base.config import EarlyStoppingConfig


def should_stop(history: Sequence[float], config: EarlyStoppingConfig, mode: Literal["max", "min"]) -> bool:
    """Whether the last `patience` values all failed to improve on the best before them by more than `min_delta`.

    Args:
        history: the monitored metric at each validation, oldest first. It is all the state there is, so a resumed run
            stops where the run that was not interrupted would have.
        config: patience and min_delta.
        mode: whether larger or smaller is better.
    """
    values = np.asarray(history, np.float64) * (1 if mode == "max" else -1)
    best, waited = -np.inf, 0
    for value in values:
        improved = value > best + config.min_delta
        best, waited = (value, 0) if improved else (best, waited + 1)
    return waited >= config.patience
