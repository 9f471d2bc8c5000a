"""The prediction on PyTorch, where nothing is compiled."""

from collections.abc import Callable
from typing import Any

import keras
import torch  # pyright: ignore[reportMissingImports]

from base.base_model import BaseModel
from base.batch import Batch


class Predict:
    """Runs the network operation by operation, without gradients.

    Args:
        model: built.
        predict: its method that is called.
        jit_compile: never used on PyTorch.
    """

    def __init__(self, model: BaseModel, predict: Callable[[Any], Any], jit_compile: bool):
        self.predict = predict

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions, which may still be on their way from the device."""
        with torch.no_grad():
            return self.predict({key: keras.ops.convert_to_tensor(value) for key, value in batch.items()})
