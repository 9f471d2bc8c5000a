"""The compiled training step on TensorFlow."""

from functools import partial
from typing import Any

import keras
import tensorflow as tf

from base.base_model import BaseModel
from base.batch import Batch
from models.ops.kernels import portable_operations
from trainers.steps.losses import named_losses


class TrainStep:
    """One `tf.function`; it traces once, for the batch's fixed shapes.

    Args:
        model: what is trained.
        optimizer: built.
        jit_compile: whether XLA compiles the graph; it cannot compile TensorFlow's own kernels, so none is used.
    """

    def __init__(self, model: BaseModel, optimizer: keras.optimizers.Optimizer, jit_compile: bool):
        self.model = model
        self.optimizer = optimizer
        self.jit_compile = jit_compile
        # Without AutoGraph, a fifth of the tracing: a model branches by `ops.cond`, as it must for other backends.
        # A partial: TensorFlow counts the traces of a piece of code, and would warn of retracing for two models.
        self._step = tf.function(partial(self._update), jit_compile=jit_compile, autograph=False)

    def __call__(self, batch: Batch) -> dict[str, Any]:
        """One update; the returned loss scalars are tensors, read when somebody needs them."""
        return self._step({key: tf.convert_to_tensor(value) for key, value in batch.items()})

    def _update(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with portable_operations(self.jit_compile):
            with tf.GradientTape() as tape:
                losses = named_losses(self.model, batch)
                scaled = self.optimizer.scale_loss(losses["total"])
            variables = self.model.network.trainable_variables
            gradients = tape.gradient(scaled, [v.value for v in variables])
            # Else what needs no gradient, such as weight decay, is computed at once into copies that wait for the rest.
            with tf.control_dependencies([tf.group(*(gradient for gradient in gradients if gradient is not None))]):
                self.optimizer.apply(gradients, variables)
        return losses
