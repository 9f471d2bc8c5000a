"""One compiled call for each training and prediction step, by Keras backend."""

from typing import Any, Protocol

import keras

from base.base_model import BaseModel
from base.batch import Batch
from utils.errors import UserError


class Steps(Protocol):
    """What every backend's steps can do."""

    def train(self, batch: Batch) -> dict[str, Any]:
        """One update; `total` and the named terms, scalars that may still be on their way from the device."""
        ...

    def predict(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions, which may still be on their way from the device."""
        ...


def compile_steps(model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool) -> Steps:
    """The steps for the backend that Keras runs on.

    Args:
        model: what is trained.
        optimizer: built for the network's trainable variables.
        jit_compile: whether XLA compiles the step on TensorFlow. JAX's steps are always compiled by XLA, PyTorch's
            never, so it means nothing there.

    Raises:
        UserError: Keras runs on a backend that cannot train.
    """
    # Each backend's package is imported only where Keras runs on it.
    match keras.backend.backend():
        case "tensorflow":
            from trainers.steps.tensorflow_steps import TensorFlowSteps  # noqa: PLC0415

            return TensorFlowSteps(model, optimizer, jit_compile)
        case "jax":
            from trainers.steps.jax_steps import JaxSteps  # noqa: PLC0415

            return JaxSteps(model, optimizer)
        case "torch":
            from trainers.steps.torch_steps import TorchSteps  # noqa: PLC0415

            return TorchSteps(model, optimizer)
        case other:
            raise UserError(
                f"Training runs on the Keras backends tensorflow, jax and torch; this process has {other!r}. Set the "
                "environment variable KERAS_BACKEND to one of these."
            )
