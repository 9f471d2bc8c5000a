"""A trainer upon `BaseTrain` alone, with a plain `LoopConfig`: a step of its own, without optimizer or schedule."""

import keras
import tensorflow as tf

from base.base_train import BaseTrain
from base.config import LoopConfig


class PlainTrainConfig(LoopConfig):
    name: str = "tests.toy.plain_train:PlainTrain"


class PlainTrain(BaseTrain):
    config_class = PlainTrainConfig

    def train_step(self, batch):
        weights = [variable.value for variable in self.model.network.trainable_variables]
        with tf.GradientTape() as tape:
            losses = self.model.compute_losses(batch, self.model.forward(batch, training=True))
            total = sum(losses.values())
        for variable, gradient in zip(weights, tape.gradient(total, weights), strict=True):
            variable.assign_sub(0.1 * gradient)
        return {**losses, "total": keras.ops.convert_to_tensor(total)}
