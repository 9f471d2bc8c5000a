"""The compiled training step on JAX."""

from collections.abc import Sequence
from typing import Any

import jax  # pyright: ignore[reportMissingImports]
import keras

from base.base_model import BaseModel
from base.batch import Batch
from trainers.steps.losses import named_losses

Values = list[jax.Array]


class TrainStep:
    """One `jax.jit`; it traces once, for the batch's fixed shapes.

    A function that JAX compiles has no variables: their values are arguments and results, and are assigned without
    waiting for them. They are donated, so that the new ones can take their memory. State that is no variable of the
    network or the optimizer would be compiled in as a constant.

    Args:
        model: what is trained.
        optimizer: built.
        jit_compile: always true on JAX.
    """

    def __init__(self, model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool):
        self.model = model
        self.optimizer = optimizer
        self._weights = model.network.trainable_variables
        # Batch norm's statistics and the random states of dropout and sampling among them.
        self._others = model.network.non_trainable_variables
        self._step = jax.jit(self._update, donate_argnums=0)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """One update; the returned loss scalars are arrays, read when somebody needs them."""
        groups = self._weights, self._others, self.optimizer.variables
        state, losses = self._step(_distinct([_values(group) for group in groups]), batch)
        for group, values in zip(groups, state, strict=True):
            _assign(group, values)
        return {"total": losses["total"], **losses}  # JAX sorts the names

    def _update(self, state: list[Values], batch: Batch) -> tuple[list[Values], dict[str, jax.Array]]:
        weights, others, of_optimizer = state
        gradient = jax.grad(self._scaled_loss, has_aux=True)
        gradients, (losses, others) = gradient(weights, others, of_optimizer, batch)
        weights, of_optimizer = self.optimizer.stateless_apply(of_optimizer, gradients, weights)
        return [weights, others, of_optimizer], losses

    def _scaled_loss(self, weights: Values, others: Values, of_optimizer: Values, batch: Batch):
        # The optimizer's are here for the factor of mixed_float16.
        mapping = zip(
            (*self._weights, *self._others, *self.optimizer.variables), (*weights, *others, *of_optimizer), strict=True
        )
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            losses = named_losses(self.model, batch)
            scaled = self.optimizer.scale_loss(losses["total"])
        return scaled, (losses, [scope.get_current_value(variable) for variable in self._others])


def _values(variables: Sequence[keras.Variable]) -> Values:
    return [variable.value for variable in variables]


def _assign(variables: Sequence[keras.Variable], values: Values) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _distinct(state: list[Values]) -> list[Values]:
    """The same values, none of them in the same memory as another: it can be donated only once.

    A variable that was assigned the value of another one, as an optimizer does with averaged weights, shares it.
    """
    seen: set[int] = set()

    def own(value: jax.Array) -> jax.Array:
        shared = id(value) in seen
        seen.add(id(value))
        return value.copy() if shared else value

    return [[own(value) for value in values] for values in state]
