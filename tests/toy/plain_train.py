"""A trainer upon `BaseTrain` alone, with a plain `LoopConfig`: a step of its own, without optimizer or schedule."""

import keras

from base.base_train import BaseTrain
from base.config import LoopConfig
from tests.gradients import weight_gradients


class PlainTrainConfig(LoopConfig):
    name: str = "tests.toy.plain_train:PlainTrain"


class PlainTrain(BaseTrain):
    config_class = PlainTrainConfig

    def train_step(self, batch):
        network = self.model.network
        for variable, gradient in zip(
            network.trainable_variables, weight_gradients(lambda: self._total(batch), network), strict=True
        ):
            variable.assign_sub(0.1 * gradient)
        return {"total": self._total(batch)}

    def _total(self, batch):
        losses = self.model.compute_losses(batch, self.model.forward(batch, training=True))
        return keras.ops.sum(keras.ops.stack(list(losses.values())))
