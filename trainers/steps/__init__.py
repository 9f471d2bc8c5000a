"""One compiled call for each training and prediction step, by Keras backend."""

import keras

from base.base_model import BaseModel
from utils.errors import UserError


def compile_steps(model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool):
    """The steps for the backend that Keras runs on: an object with `train(batch)` and `predict(batch)`."""
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Training runs on Keras' TensorFlow backend; this process has {keras.backend.backend()!r}. "
            "Unset KERAS_BACKEND or set it to 'tensorflow'."
        )
    from trainers.steps.tensorflow_steps import TensorFlowSteps  # noqa: PLC0415 - only where that backend runs

    return TensorFlowSteps(model, optimizer, jit_compile)
