"""Optimizers by name, with clipping, accumulation, averaging and loss scaling."""

import inspect
import logging

import keras

from trainers.config import OptimizerConfig, TrainerConfig
from trainers.schedules import WarmUpSchedule
from trainers.updates import with_quick_updates
from utils.errors import UserError
from utils.registry import nearest

log = logging.getLogger("maskeras")


def build_optimizer(
    config: TrainerConfig, network: keras.Model, schedule: WarmUpSchedule | float
) -> keras.optimizers.Optimizer:
    """The optimizer of a run, built for the trainable variables of `network`.

    Args:
        config: the section `trainer`.
        network: built.
        schedule: the learning rate, see `build_schedule`.

    Raises:
        UserError: there is no optimizer of that name, or it does not take an argument.
    """
    section = config.optimizer
    optimizer_class = optimizer_by_name(section.name)
    arguments = _arguments(optimizer_class, section)
    try:
        optimizer = with_quick_updates(optimizer_class)(learning_rate=schedule, **arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f"trainer.optimizer: {section.name} does not take {arguments}: {error}") from error
    if not section.decay_all and section.weight_decay:
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    if config.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(network.trainable_variables)
    return optimizer


def optimizer_by_name(name: str) -> type[keras.optimizers.Optimizer]:
    """The class in `keras.optimizers` of this name, whatever its case.

    Raises:
        UserError: there is none; the message lists them.
    """
    classes = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.optimizers.Optimizer)
    }
    for base in ("optimizer", "lossscaleoptimizer"):
        classes.pop(base, None)
    if name.lower() not in classes:
        near = nearest(name.lower(), classes)
        hint = f" Did you mean {near!r}?" if near else ""
        raise UserError(f"trainer.optimizer.name: there is no {name!r}.{hint} Choices: {', '.join(sorted(classes))}.")
    return classes[name.lower()]


def planned_steps(config: TrainerConfig, steps_per_epoch: int) -> int:
    """Batches of a whole run: `epochs`, and `max_steps` at most."""
    steps = config.epochs * steps_per_epoch
    return min(steps, config.max_steps) if config.max_steps else steps


def build_schedule(config: TrainerConfig, steps_per_epoch: int) -> WarmUpSchedule | float:
    """The learning rate of a run; a plain number, which callbacks can set, where it is constant without a warm-up.

    Warns if the config asks for a warm-up that is longer than the run.

    Args:
        config: the section `trainer`.
        steps_per_epoch: batches in an epoch.
    """
    if config.schedule.name == "constant" and not config.schedule.warmup_steps:
        return float(config.optimizer.learning_rate)
    steps = planned_steps(config, steps_per_epoch)
    every = config.optimizer.accumulate
    rate = config.optimizer.learning_rate
    schedule = WarmUpSchedule(rate, config.schedule, steps // every, steps_per_epoch / every, every)
    if "warmup_steps" in config.schedule.model_fields_set and config.schedule.warmup_steps > schedule.total_steps:
        log.warning(
            "trainer.schedule.warmup_steps is %d, but the whole run has %d updates: the warm-up takes %d of them.",
            config.schedule.warmup_steps,
            schedule.total_steps,
            schedule.warmup_steps,
        )
    return schedule


def _arguments(optimizer_class: type, section: OptimizerConfig) -> dict:
    arguments: dict = {"weight_decay": section.weight_decay, "global_clipnorm": section.clip_norm}
    momentum = 0.9 if section.momentum is None and optimizer_class is keras.optimizers.SGD else section.momentum
    if momentum is not None:
        arguments["momentum"] = momentum
    if section.accumulate > 1:
        arguments["gradient_accumulation_steps"] = section.accumulate
    if section.ema is not None:
        # Keras averages after every batch; the root makes that one step of `ema` for each update.
        arguments |= {"use_ema": True, "ema_momentum": section.ema ** (1 / section.accumulate)}
    return arguments | section.arguments
