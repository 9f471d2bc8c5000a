"""The steps on PyTorch."""

from typing import Any

import keras
import torch  # pyright: ignore[reportMissingImports]

from base.base_model import BaseModel
from base.batch import Batch
from trainers.steps.losses import named_losses


class TorchSteps:
    """A training step and a prediction, operation by operation: nothing is compiled.

    Args:
        model: what is trained.
        optimizer: built.
    """

    def __init__(self, model: BaseModel, optimizer: keras.optimizers.Optimizer):
        self.model = model
        self.optimizer = optimizer
        self._weights = model.network.trainable_variables

    def train(self, batch: Batch) -> dict[str, Any]:
        """One update; the returned loss scalars are tensors, read when somebody needs them."""
        tensors = _tensors(batch)
        with torch.enable_grad():  # whatever the caller has set
            losses = named_losses(self.model, tensors, self.model.forward(tensors, training=True))
            scaled = self.optimizer.scale_loss(losses["total"])
        # Not `backward()`: that would leave a gradient on each weight, in memory until the next step and added to.
        gradients = torch.autograd.grad(scaled, [weight.value for weight in self._weights], allow_unused=True)
        with torch.no_grad():
            self.optimizer.apply(list(gradients), self._weights)
        return {name: value.detach() for name, value in losses.items()}

    def predict(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions."""
        with torch.no_grad():
            return self.model.predict(_tensors(batch))


def _tensors(batch: Batch) -> dict[str, torch.Tensor]:
    """On the device that Keras computes on."""
    return {key: keras.ops.convert_to_tensor(value) for key, value in batch.items()}
