"""One compiled training step, by Keras backend. The prediction is `inference.compiled`."""

from collections.abc import Callable
from typing import Any

import keras

from base.base_model import BaseModel
from base.batch import Batch
from inference.compiled import backend_name
from utils.registry import load_object


def compile_train_step(
    model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool
) -> Callable[[Batch], dict[str, Any]]:
    """One update of the weights as one call: batch → `total` and the named terms, perhaps still on their way.

    Args:
        model: what is trained.
        optimizer: built for the network's trainable variables.
        jit_compile: whether XLA compiles the step on TensorFlow. JAX's steps are always compiled by XLA, PyTorch's
            never.

    Raises:
        UserError: Keras runs on a backend that cannot train.
    """
    # Each backend's package is imported only where Keras runs on it.
    return load_object(f"trainers.steps.{backend_name()}_steps:TrainStep")(model, optimizer, jit_compile)
