import numpy as np
import pytest

from base.loss_window import LossWindow, NonFiniteLossError


def test_the_mean_since_the_last_flush():
    window = LossWindow()
    assert window.flush() == {}
    window.push(1, [3], {"a": np.float32(1), "b": np.float32(0)})
    window.push(2, [4], {"a": np.float32(2), "b": np.float32(0.5)})
    assert window.flush() == {"a": 1.5, "b": 0.25}
    assert window.flush() == {}


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_loss_that_is_not_finite_is_named(value):
    window = LossWindow()
    window.push(7, [1, 2], {"box": 1.0, "mask": 2.0})
    window.push(8, [31, 5], {"box": 0.25, "mask": value})
    window.push(9, [6, 7], {"box": value, "mask": value})
    with pytest.raises(NonFiniteLossError) as found:
        window.flush()
    assert f"step 8: box = 0.25, mask = {value:g}; images [31, 5]" in str(found.value)
    assert found.value.exit_code == 1
