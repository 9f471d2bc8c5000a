"""The rates that are drawn equal formulas written here, and those of the schedule that a training asks."""

import math

import numpy as np
import pytest

from base.config import LoopConfig
from trainers.config import OptimizerConfig, ScheduleConfig, TrainerConfig
from trainers.optimizers import build_schedule
from trainers.planned_rates import planned_rates
from trainers.schedules import WarmUpSchedule
from utils.errors import UserError

RATE, WARM_UP, FACTOR = 0.2, 20, 0.1
CURVES = {
    "constant": lambda progress, epoch: 1.0,
    "poly": lambda progress, epoch: (1 - progress) ** 0.9,
    "cosine": lambda progress, epoch: (1 + math.cos(math.pi * progress)) / 2,
    "step": lambda progress, epoch: 0.1 ** ((epoch >= 2) + (epoch >= 4.5)),
}


def config(name="cosine", accumulate=1, epochs=6, max_steps=None, **schedule):
    return TrainerConfig(
        epochs=epochs,
        max_steps=max_steps,
        optimizer=OptimizerConfig(learning_rate=RATE, accumulate=accumulate),
        schedule=ScheduleConfig.model_validate({"name": name, **schedule}),
    )


def formula(name, updates, updates_per_epoch, warm_up=WARM_UP):
    """The learning rate of every update: the curve over what is left after the warm-up, times the warm-up."""
    found = []
    for update in range(updates):
        progress = max(0, update - warm_up) / (updates - warm_up)
        warmth = FACTOR + (1 - FACTOR) * update / warm_up if update < warm_up else 1
        found.append(RATE * warmth * CURVES[name](progress, update / updates_per_epoch))
    return found


@pytest.mark.parametrize("accumulate", [1, 4])
@pytest.mark.parametrize("name", CURVES)
def test_every_update_has_the_rate_of_the_formula(name, accumulate):
    section = config(name, accumulate, warmup_steps=WARM_UP, warmup_factor=FACTOR, milestones=(2.0, 4.5))
    (found,) = planned_rates("mine", section, steps_per_epoch=40 * accumulate)
    np.testing.assert_allclose(found.rates, formula(name, 240, 40), rtol=1e-5, atol=1e-8)
    assert (found.name, found.updates_per_epoch, found.warmup_steps) == (f"mine: {name}", 40, WARM_UP)


def test_the_rates_are_those_that_each_batch_of_a_training_is_given():
    section = config("poly", accumulate=3, max_steps=200, warmup_steps=5)
    (found,) = planned_rates("mine", section, steps_per_epoch=50)
    schedule = build_schedule(section, 50)
    assert isinstance(schedule, WarmUpSchedule)
    assert len(found.rates) == 66, "200 batches are 66 updates; what is left of them makes none"
    assert found.rates.tolist() == pytest.approx([float(schedule(batch)) for batch in range(0, 198, 3)], rel=1e-6)
    assert found.updates_per_epoch == pytest.approx(50 / 3)


def test_a_constant_rate_without_a_warm_up_is_the_same_for_all_updates():
    (found,) = planned_rates("mine", config("constant", warmup_steps=0), 10)
    assert found.rates.tolist() == [RATE] * 60 and found.warmup_steps == 0


def test_compared_curves_keep_the_rest_of_the_section():
    section = config("constant", warmup_steps=WARM_UP, warmup_factor=FACTOR, milestones=(2.0, 4.5))
    found = planned_rates("mine", section, 40, ("step", "poly"))
    assert [curve.name for curve in found] == ["mine: step", "mine: poly"]
    for curve, name in zip(found, ("step", "poly"), strict=True):
        np.testing.assert_allclose(curve.rates, formula(name, 240, 40), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize(("changes", "batches"), [({"epochs": 0}, 0), ({"accumulate": 8, "max_steps": 7}, 7)])
def test_a_run_without_an_update_is_an_error(changes, batches):
    with pytest.raises(UserError, match=rf"mine: the run makes no update: .* are {batches} batches"):
        planned_rates("mine", config(**changes), 10)


def test_a_trainer_without_a_schedule_is_an_error():
    with pytest.raises(UserError, match=r"mine: its trainer, LoopConfig, has no trainer\.schedule"):
        planned_rates("mine", LoopConfig(), 10)
