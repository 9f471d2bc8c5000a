"""One compiled prediction step, by Keras backend. Training, evaluation, benchmark and Predictor share it."""

from collections.abc import Callable
from typing import Any

import keras

from base.base_model import BaseModel
from base.batch import Batch
from models.ops.kernels import tensorflow_cpu_kernels
from utils.errors import UserError
from utils.registry import load_object

_BACKENDS = ("tensorflow", "jax", "torch")


def compile_predict(
    model: BaseModel, jit_compile: bool = False, soft: bool = False
) -> Callable[[Batch], dict[str, Any]]:
    """`model.predict` as one call: a batch without targets → the predictions, perhaps still on their way.

    Args:
        model: built.
        jit_compile: whether XLA compiles it on TensorFlow; JAX always does, PyTorch never.
        soft: `model.predict_soft` in its place, for what averages predictions.

    Raises:
        UserError: Keras runs on a backend that has none.
    """

    def predict(batch: Batch) -> dict[str, Any]:  # the method is looked up when it is traced
        return model.predict_soft(batch) if soft else model.predict(batch)

    return load_object(f"inference.native.{backend_name()}_predict:Predict")(model, predict, jit_compile)


def useful_calls() -> int:
    """How many calls of a network at a time a stream of images should make.

    On a CPU TensorFlow leaves cores idle in the operations that it does not divide: two calls fill the gaps. On a GPU,
    on JAX and on PyTorch it is one. Two calls hold the activations of two batches: where memory is limited, halve the
    batch size.
    """
    return 2 if tensorflow_cpu_kernels() else 1


def backend_name() -> str:
    """The backend that Keras runs on.

    Raises:
        UserError: it is none that this project supports.
    """
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise UserError(
            f"The Keras backends that are supported are {', '.join(_BACKENDS)}; this process has {backend!r}. Set the "
            "environment variable KERAS_BACKEND to one of these."
        )
    return backend
