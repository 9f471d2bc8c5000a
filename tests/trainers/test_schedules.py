import math

import pytest
from pydantic import ValidationError

from trainers.config import ScheduleConfig, TrainerConfig
from trainers.optimizers import build_schedule
from trainers.schedules import WarmUpSchedule


def rates(steps, total=100, per_epoch=10, accumulate=1, **section):
    config = ScheduleConfig.model_validate({"warmup_steps": 0, **section})
    schedule = WarmUpSchedule(0.2, config, total, per_epoch, accumulate)
    again = WarmUpSchedule.from_config(schedule.get_config())
    found = [float(schedule(step)) for step in steps]
    assert [float(again(step)) for step in steps] == found
    return found


def test_constant():
    assert rates([0, 50, 100], name="constant") == pytest.approx([0.2] * 3)


def test_warm_up_is_linear_from_its_factor_to_one():
    found = rates([0, 5, 10, 11], name="constant", warmup_steps=10, warmup_factor=0.1)
    assert found == pytest.approx([0.02, 0.2 * 0.55, 0.2, 0.2])


def test_a_short_run_warms_up_for_a_tenth_of_it():
    found = rates([0, 5, 10], name="constant", warmup_steps=500, warmup_factor=0)
    assert found == pytest.approx([0, 0.1, 0.2])
    assert rates([0], total=9, warmup_steps=500, name="constant") == pytest.approx([0.2])


def test_poly():
    found = rates([0, 50, 75, 100], name="poly", power=0.9)
    assert found == pytest.approx([0.2, 0.2 * 0.5**0.9, 0.2 * 0.25**0.9, 0], abs=1e-7)
    # After a warm-up of ten updates, the middle of the rest is at 55.
    assert rates([55], name="poly", power=0.9, warmup_steps=10) == pytest.approx([0.2 * 0.5**0.9])


def test_cosine():
    found = rates([0, 25, 50, 100, 120], name="cosine")
    assert found == pytest.approx([0.2, 0.1 * (1 + math.cos(math.pi / 4)), 0.1, 0, 0], abs=1e-7)


def test_the_floor():
    assert rates([100], name="poly", floor=0.25) == pytest.approx([0.05])
    # Cosine comes down to the floor smoothly: half way it is half way between it and the top.
    assert rates([50, 100], name="cosine", floor=0.25) == pytest.approx([0.125, 0.05])


def test_step_falls_at_the_milestones():
    found = rates([0, 19, 20, 34, 35], name="step", milestones=(2.0, 3.5), gamma=0.1)
    assert found == pytest.approx([0.2, 0.2, 0.02, 0.02, 0.002])


def test_batches_of_one_update_share_its_rate():
    config = {"name": "cosine", "warmup_steps": 4, "warmup_factor": 0.0}
    every_update = rates(range(20), total=40, per_epoch=5, **config)
    every_batch = rates(range(60), total=40, per_epoch=5, accumulate=3, **config)
    assert every_batch == [rate for rate in every_update for _ in range(3)]


def test_milestones_where_an_update_takes_more_than_an_epoch():
    # Two batches an epoch, four an update: the second epoch ends with the first update.
    found = rates([0, 3, 4], total=10, per_epoch=0.5, accumulate=4, name="step", milestones=(2.0,))
    assert found == pytest.approx([0.2, 0.2, 0.02])


@pytest.mark.parametrize("milestones", [(3.0, 1.0), (2.0, 2.0), (0.0, 1.0), (-1.0,)])
def test_milestones_that_do_not_ascend_are_an_error(milestones):
    with pytest.raises(ValidationError, match="give epochs above 0 in ascending order"):
        ScheduleConfig(milestones=milestones)
    assert ScheduleConfig(milestones=(0.5, 1.0)).milestones == (0.5, 1.0)


@pytest.mark.parametrize(
    ("section", "warning"),
    [
        ({"warmup_steps": 31}, "warmup_steps is 31, but the whole run has 30 updates: the warm-up takes 3 of them."),
        ({"warmup_steps": 30}, ""),
        ({}, ""),
    ],
)
def test_a_warm_up_longer_than_the_run_that_the_config_asks_for_is_a_warning(section, warning, caplog):
    config = TrainerConfig(epochs=3, schedule=ScheduleConfig(**section))
    with caplog.at_level("WARNING", "maskeras"):
        build_schedule(config, 10)
    assert warning in caplog.text
    assert bool(caplog.text) is bool(warning)
