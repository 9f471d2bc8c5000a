import pytest

from base.config import EarlyStoppingConfig
from base.early_stopping import should_stop


@pytest.mark.parametrize(
    ("history", "patience", "delta", "mode", "stops"),
    [
        ([], 1, 0.0, "max", False),
        ([0.5], 1, 0.0, "max", False),
        ([0.5, 0.5], 1, 0.0, "max", True),
        ([0.5, 0.4, 0.3], 3, 0.0, "max", False),
        ([0.5, 0.4, 0.3, 0.5], 3, 0.0, "max", True),
        ([0.5, 0.4, 0.3, 0.6], 3, 0.0, "max", False),
        # 0.51 is no improvement on 0.5 by more than 0.05, 0.56 is.
        ([0.5, 0.51], 1, 0.05, "max", True),
        ([0.5, 0.51, 0.56], 2, 0.05, "max", False),
        ([3.0, 2.0, 1.0], 1, 0.0, "min", False),
        ([1.0, 2.0, 3.0], 2, 0.0, "min", True),
    ],
)
def test_by_hand(history, patience, delta, mode, stops):
    assert should_stop(history, EarlyStoppingConfig(patience=patience, min_delta=delta), mode) is stops
