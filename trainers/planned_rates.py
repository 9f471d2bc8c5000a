"""The learning rate of a run before it is trained, from its config alone."""

from collections.abc import Sequence

import keras
import numpy as np

from reporting.schedule_plot import PlannedRates
from trainers.config import TrainerConfig
from trainers.optimizers import build_schedule, planned_steps
from trainers.schedules import WarmUpSchedule
from utils.config import Section
from utils.errors import UserError


def planned_rates(name: str, config: Section, steps_per_epoch: int, compared: Sequence[str] = ()) -> list[PlannedRates]:
    """The learning rate of every update, by the schedule that the trainer uses.

    Args:
        name: of the config, for messages and curves.
        config: the section `trainer`.
        steps_per_epoch: batches in an epoch.
        compared: curves in place of `trainer.schedule.name`, one result each; the rest of the section stays.

    Raises:
        UserError: the trainer has no schedule, or the run makes no update.
    """
    if not isinstance(config, TrainerConfig):
        raise UserError(f"{name}: its trainer, {type(config).__name__}, has no trainer.schedule that can be drawn.")
    every = config.optimizer.accumulate
    steps = planned_steps(config, steps_per_epoch)
    if steps < every:
        raise UserError(
            f"{name}: the run makes no update: {config.epochs} epochs are {steps} batches, and an update takes {every} "
            "(trainer.optimizer.accumulate). Raise trainer.epochs."
        )
    found = []
    for curve in compared or (config.schedule.name,):
        schedule = build_schedule(_with_curve(config, curve), steps_per_epoch)
        rates, warmup_steps = np.full(steps // every, schedule), 0
        if isinstance(schedule, WarmUpSchedule):
            batches = np.arange(steps // every, dtype="int32") * every
            rates, warmup_steps = keras.ops.convert_to_numpy(schedule(batches)), schedule.warmup_steps
        found.append(PlannedRates(f"{name}: {curve}", rates, steps_per_epoch / every, warmup_steps))
    return found


def _with_curve(config: TrainerConfig, curve: str) -> TrainerConfig:
    return config.model_copy(update={"schedule": config.schedule.model_copy(update={"name": curve})})
