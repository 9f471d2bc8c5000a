"""Gradients on whichever backend Keras runs on, for tests; no compiled step, no optimizer."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np


def gradients(function: Callable[..., Any], *arrays: np.ndarray) -> list[np.ndarray | None]:
    """Those of the scalar `function(*tensors)` by each of the arrays.

    Where no gradient flows it is None, on JAX an array of zeros.
    """
    tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
    return _BY_BACKEND[keras.backend.backend()](lambda values: function(*values), tensors)


def weight_gradients(function: Callable[[], Any], layer: keras.Layer) -> list[np.ndarray | None]:
    """Those of the scalar `function()` by each of `layer.trainable_weights`; else as `gradients`.

    What `function` assigns to other variables of the layer stays assigned.
    """
    weights = layer.trainable_weights
    if keras.backend.backend() != "jax":
        return _BY_BACKEND[keras.backend.backend()](lambda _: function(), [weight.value for weight in weights])
    import jax  # noqa: PLC0415 - not installed everywhere

    others = layer.non_trainable_variables

    def loss(values):
        with keras.StatelessScope(zip(weights, values, strict=True)) as scope:
            total = function()
        return total, [scope.get_current_value(variable) for variable in others]

    found, updates = jax.grad(loss, has_aux=True)([weight.value for weight in weights])
    for variable, update in zip(others, updates, strict=True):
        if update is not None:
            variable.assign(update)
    return [np.asarray(gradient) for gradient in found]


def _tensorflow(function, tensors):
    import tensorflow as tf  # noqa: PLC0415 - not installed everywhere

    with tf.GradientTape() as tape:
        tape.watch(tensors)
        total = function(tensors)
    found = tape.gradient(total, tensors)
    return [None if gradient is None else np.asarray(tf.convert_to_tensor(gradient)) for gradient in found]


def _jax(function, tensors):
    import jax  # noqa: PLC0415 - not installed everywhere

    def pure(values):
        with keras.StatelessScope():  # what a layer assigned meanwhile would be no number but a part of the tracing
            return function(values)

    return [np.asarray(gradient) for gradient in jax.grad(pure)(tensors)]


def _torch(function, tensors):
    import torch  # noqa: PLC0415 - not installed everywhere

    tensors = [tensor if tensor.requires_grad else tensor.detach().requires_grad_() for tensor in tensors]
    with torch.enable_grad():
        total = function(tensors)
    if not total.requires_grad:
        return [None] * len(tensors)
    found = torch.autograd.grad(total, tensors, allow_unused=True)
    return [None if gradient is None else gradient.cpu().numpy() for gradient in found]


_BY_BACKEND = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
