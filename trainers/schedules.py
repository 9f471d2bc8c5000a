"""Learning-rate schedules: poly, step, cosine or constant, each after a linear warm-up."""

import keras
from keras import ops

from trainers.config import ScheduleConfig


class WarmUpSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Learning rate by update: `learning_rate` × warm-up × curve.

    Args:
        learning_rate: the largest value.
        config: curve and warm-up. poly is DeepLab's (1 − t)^power (Chen et al. 2017), cosine that of Loshchilov and
            Hutter 2017 without restarts.
        total_steps: updates of the whole run.
        steps_per_epoch: updates in an epoch, for the milestones.
        accumulate: batches in an update: Keras counts batches, the schedule counts updates.
    """

    def __init__(
        self,
        learning_rate: float,
        config: ScheduleConfig,
        total_steps: int,
        steps_per_epoch: float,
        accumulate: int = 1,
    ):
        self.learning_rate = learning_rate
        self.config = config
        self.total_steps = max(1, total_steps)
        self.steps_per_epoch = steps_per_epoch
        self.accumulate = accumulate
        # A short run must not end before it has warmed up.
        self.warmup_steps = min(config.warmup_steps, self.total_steps // 10)

    def __call__(self, step):
        """The learning rate at batch `step`, which counts from 0."""
        step = ops.cast(ops.floor_divide(step, self.accumulate), "float32")
        return self.learning_rate * self._warmup(step) * self._curve(step)

    def last(self, updates: int) -> float:
        """The learning rate of the last of so many updates; before the first, that of the first."""
        return float(ops.convert_to_numpy(self(max(0, updates - 1) * self.accumulate)))

    def _warmup(self, step):
        if not self.warmup_steps:
            return 1.0
        start = self.config.warmup_factor
        return ops.minimum(1.0, start + (1.0 - start) * step / self.warmup_steps)

    def _curve(self, step):
        rest = max(1, self.total_steps - self.warmup_steps)
        progress = ops.clip((step - self.warmup_steps) / rest, 0.0, 1.0)
        if self.config.name == "poly":
            return ops.maximum(self.config.floor, (1.0 - progress) ** self.config.power)
        if self.config.name == "cosine":
            return self.config.floor + (1.0 - self.config.floor) * 0.5 * (1.0 + ops.cos(progress * 3.141592653589793))
        if self.config.name == "step":
            passed = [ops.cast(step >= m * self.steps_per_epoch, "float32") for m in self.config.milestones]
            return self.config.gamma ** sum(passed, ops.zeros_like(step))
        return 1.0

    def get_config(self) -> dict:
        """What makes the schedule again."""
        return {
            "learning_rate": self.learning_rate,
            "config": self.config.model_dump(mode="json"),
            "total_steps": self.total_steps,
            "steps_per_epoch": self.steps_per_epoch,
            "accumulate": self.accumulate,
        }

    @classmethod
    def from_config(cls, config: dict) -> "WarmUpSchedule":
        """The schedule that gave this `get_config()`."""
        return cls(**{**config, "config": ScheduleConfig.model_validate(config["config"], strict=False)})
