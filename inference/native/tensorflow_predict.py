"""The compiled prediction on TensorFlow."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf

from base.base_model import BaseModel
from base.batch import Batch
from models.ops.kernels import portable_operations


class Predict:
    """One `tf.function`; it traces once for each shape of a batch.

    Args:
        model: built.
        predict: its method that is called.
        jit_compile: whether XLA compiles the graph; it cannot compile TensorFlow's own kernels, so none is used.
    """

    def __init__(self, model: BaseModel, predict: Callable[[Any], Any], jit_compile: bool):
        self.predict = predict
        self.jit_compile = jit_compile
        # A partial: TensorFlow counts the traces of a piece of code, and would warn of retracing for two models.
        self._step = tf.function(partial(self._predict), jit_compile=jit_compile, autograph=False)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions, which may still be on their way from the device."""
        return self._step({key: tf.convert_to_tensor(value) for key, value in batch.items()})

    def _predict(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with portable_operations(self.jit_compile):
            return self.predict(batch)
