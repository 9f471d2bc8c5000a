"""Our layers that take other ways on other backends: the same outputs, gradients and statistics everywhere.

A few layers, since a deep network of random weights makes far more of rounding than a fault would be (`parts.py`).
"""

import keras
import numpy as np
import pytest
from keras import ops

from models.layers.batch_norm import BatchNormalization
from models.layers.convolution import Conv2D
from tests.backends.exchange import compare, compares_backends
from tests.backends.formula import fill, numbers
from tests.backends.parts import scaled
from tests.gradients import weight_gradients

pytestmark = compares_backends


@pytest.mark.parametrize("rate", [1, 2])
@pytest.mark.parametrize("groups", [1, 4, 16])
def test_convolution_and_batch_norm_in_training(groups, rate):
    layers = [
        Conv2D(16, 3, padding="same", groups=groups, dilation_rate=rate, use_bias=False, name="conv"),
        BatchNormalization(momentum=0.9, name="norm"),
        keras.layers.Activation("tanh", name="tanh"),
        Conv2D(16, 3, strides=2, padding="same", groups=groups, name="last"),
    ]
    network = keras.Sequential([keras.Input((9, 8, 16)), *layers])
    fill(network)
    images, cotangent = numbers("images", (3, 9, 8, 16)), numbers("cotangent", (3, 5, 4, 16))
    outputs = ops.convert_to_numpy(network(images, training=True))
    gradients = weight_gradients(
        lambda: ops.sum(network(images, training=True) * ops.convert_to_tensor(cotangent)), network
    )
    found = {f"gradient {v.path}": g for v, g in zip(network.trainable_weights, gradients, strict=True)}
    found |= {v.path: ops.convert_to_numpy(v) for v in network.non_trainable_variables}
    assert len(found) == 7 and all(np.std(value) > 1e-3 for value in found.values())
    compare(f"layers_{groups}_{rate}", scaled({"outputs": outputs, **found}), rtol=0, atol=1e-5)
