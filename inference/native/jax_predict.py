"""The compiled prediction on JAX."""

from collections.abc import Callable
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import keras

from base.base_model import BaseModel
from base.batch import Batch


class Predict:
    """One `jax.jit`; a function that JAX compiles has no variables: their values are arguments and results.

    Args:
        model: built.
        predict: its method that is called.
        jit_compile: always true on JAX.
    """

    def __init__(self, model: BaseModel, predict: Callable[[Any], Any], jit_compile: bool):
        self.predict = predict
        self._variables = model.network.variables
        self._others = model.network.non_trainable_variables
        self._step = jax.jit(self._predict)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions, which may still be on their way from the device."""
        outputs, others = self._step([variable.value for variable in self._variables], batch)
        for variable, value in zip(self._others, others, strict=True):
            variable.assign(value)
        return outputs

    def _predict(self, values: list[jax.Array], batch: Batch) -> tuple[dict[str, jax.Array], list[jax.Array]]:
        with keras.StatelessScope(zip(self._variables, values, strict=True)) as scope:
            outputs = self.predict(batch)
        return outputs, [scope.get_current_value(variable) for variable in self._others]
