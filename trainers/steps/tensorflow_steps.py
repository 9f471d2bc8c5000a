"""The compiled steps on TensorFlow."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from base.base_model import BaseModel
from base.batch import Batch
from models.ops.kernels import portable_operations
from trainers.steps.losses import named_losses


class TensorFlowSteps:
    """`tf.function`s for one training step and one prediction; each traces once, for the batch's fixed shapes.

    Args:
        model: what is trained.
        optimizer: built.
        jit_compile: whether XLA compiles the graph; it cannot compile TensorFlow's own kernels, so none is taken.
    """

    def __init__(self, model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool):
        self.model = model
        self.optimizer = optimizer
        self.jit_compile = jit_compile
        # Without AutoGraph, a fifth of the tracing: a model branches by `ops.cond`, as it must for other backends.
        # TensorFlow counts the traces of a piece of code: as partials, the same method of two models is two functions,
        # and it does not warn of retracing when each of them is traced once.
        self._train = tf.function(partial(self._train_step), jit_compile=jit_compile, autograph=False)
        self._predict = tf.function(partial(self._predict_step), jit_compile=jit_compile, autograph=False)

    def train(self, batch: Batch) -> dict[str, Any]:
        """One update; the returned loss scalars are tensors, read when somebody needs them."""
        return self._train(_tensors(batch))

    def predict(self, batch: Batch) -> dict[str, Any]:
        """The model's predictions."""
        return self._predict(_tensors(batch))

    def _train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with portable_operations(self.jit_compile):
            return self._update(batch)

    def _update(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            losses = named_losses(self.model, batch, self.model.forward(batch, training=True))
            scaled = self.optimizer.scale_loss(losses["total"])
        variables = self.model.network.trainable_variables
        gradients = tape.gradient(scaled, [v.value for v in variables])
        # Else what needs no gradient, such as weight decay, is computed at once, into copies that wait for the rest.
        with tf.control_dependencies([tf.group(*(gradient for gradient in gradients if gradient is not None))]):
            self.optimizer.apply(gradients, variables)
        return losses

    def _predict_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with portable_operations(self.jit_compile):
            return self.model.predict(batch)


def _tensors(batch: Batch) -> dict[str, tf.Tensor]:
    return {key: tf.convert_to_tensor(value) for key, value in batch.items()}
