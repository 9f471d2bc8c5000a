"""What makes an optimizer's update fast: fewer operations to trace, compile and run, the same numbers."""

from collections.abc import Sequence
from typing import Any

import keras

from models.ops.kernels import tensorflow_kernels


def with_quick_updates(optimizer_class: type[keras.optimizers.Optimizer]) -> type[keras.optimizers.Optimizer]:
    """The same optimizer, name included, with the learning rate worked out once for each update.

    On PyTorch it is Keras' own: that has a fast variant for each of its classes, and for no other.
    """
    if keras.backend.backend() == "torch":
        return optimizer_class
    parts = (_MomentumKernel, _RateOnce) if optimizer_class is keras.optimizers.SGD else (_RateOnce,)
    return type(optimizer_class.__name__, (*parts, optimizer_class), {})


class _RateOnce(keras.optimizers.Optimizer):
    """Keras asks the schedule once for each variable that decays: 75 times in a step of Mask R-CNN."""

    _rate: Any = None

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update of the variables by their gradients."""
        self._rate = super()._get_current_learning_rate()
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._rate = None

    def _get_current_learning_rate(self) -> Any:
        return super()._get_current_learning_rate() if self._rate is None else self._rate


class _MomentumKernel(keras.optimizers.SGD):
    """On TensorFlow, one kernel for each variable, in place: Keras' eight operations make copies of it.

    The clipping by the norm of all gradients goes into the rate, so that no gradient is copied for it either.
    """

    _clipped_rate: Any = None

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """One update of the variables by their gradients."""
        try:
            super().apply(grads, trainable_variables)
        finally:
            self._clipped_rate = None

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """As in Keras: velocity = momentum × velocity - rate × gradient, which is added to the variable."""
        if not self._has_kernel():
            super().update_step(gradient, variable, learning_rate)
            return
        from trainers.steps.tensorflow_momentum import momentum_step  # noqa: PLC0415 - on that backend only

        velocity = self.momentums[self._get_variable_index(variable)]
        rate = learning_rate if self._clipped_rate is None else self._clipped_rate
        momentum_step(variable, velocity.value, gradient, rate, self.momentum, self.nesterov)

    def _clip_gradients(self, grads: Sequence[Any]) -> Sequence[Any]:
        if not self.global_clipnorm or not self._has_kernel():
            return super()._clip_gradients(grads)
        from trainers.steps.tensorflow_momentum import clipping_factor  # noqa: PLC0415 - on that backend only

        self._clipped_rate = self._get_current_learning_rate() * clipping_factor(grads, self.global_clipnorm)
        return grads

    def _has_kernel(self) -> bool:
        return bool(self.momentum) and tensorflow_kernels()
