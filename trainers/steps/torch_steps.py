"""The training step on PyTorch."""

from typing import Any

import keras
import torch  # pyright: ignore[reportMissingImports]

from base.base_model import BaseModel
from base.batch import Batch
from trainers.steps.losses import named_losses


class TrainStep:
    """A training step operation by operation: nothing is compiled.

    Args:
        model: what is trained.
        optimizer: built.
        jit_compile: never used on PyTorch.
    """

    def __init__(self, model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool):
        self.model = model
        self.optimizer = optimizer
        self._weights = model.network.trainable_variables

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """One update; the returned loss scalars are tensors, read when somebody needs them."""
        tensors = {key: keras.ops.convert_to_tensor(value) for key, value in batch.items()}  # on Keras' device
        with torch.enable_grad():  # whatever the caller has set
            losses = named_losses(self.model, tensors)
            scaled = self.optimizer.scale_loss(losses["total"])
        # Not `backward()`: that would leave a gradient on each weight, in memory until the next step and added to.
        gradients = torch.autograd.grad(scaled, [weight.value for weight in self._weights], allow_unused=True)
        with torch.no_grad():
            self.optimizer.apply(list(gradients), self._weights)
        return {name: value.detach() for name, value in losses.items()}
