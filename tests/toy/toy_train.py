"""A trainer in 30 lines, as the checklist "add a trainer" asks: it counts the bright images it has learned from."""

import numpy as np

from trainers.config import TrainerConfig
from trainers.supervised_train import SupervisedTrain


class ToyTrainConfig(TrainerConfig):
    name: str = "tests.toy.toy_train:ToyTrain"


class ToyTrain(SupervisedTrain):
    config_class = ToyTrainConfig
    bright = 0

    def train_step(self, batch):
        self.bright += int(batch["gt_class"].sum())
        return super().train_step(batch)

    def state(self):
        return super().state() | {"bright": np.int64(self.bright)}

    def load_state(self, arrays):
        super().load_state(arrays)
        self.bright = int(arrays["bright"])

    def extra_scalars(self):
        return super().extra_scalars() | {"bright": float(self.bright)}
