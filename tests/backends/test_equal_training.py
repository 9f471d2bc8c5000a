"""Training on every backend: the same gradients and steps for the same samples, the same curve for its own."""

import keras
import numpy as np
import pytest

from tests.backends.exchange import compare, compares_backends, others, own
from tests.backends.formula import fill
from tests.backends.parts import arrays, mask_rcnn
from tests.models.mask_rcnn.dummy_batches import two_images
from trainers.config import TrainerConfig
from trainers.optimizers import build_optimizer, build_schedule
from trainers.steps import compile_train_step

pytestmark = compares_backends

STEPS = 30
WINDOW = 10
SEEDS = 4


def steps_for(model, **optimizer):
    section = {"name": "sgd", "learning_rate": 0.005, **optimizer}
    config = TrainerConfig.model_validate({"optimizer": section, "schedule": {"name": "constant", "warmup_steps": 0}})
    return compile_train_step(
        model, build_optimizer(config, model.network, build_schedule(config, STEPS)), jit_compile=False
    )


def first_gradients(steps):
    """Path → gradient of the first step by each weight, in units of its norm: what SGD's momentum begins with."""
    momentum = {
        variable.path: keras.ops.convert_to_numpy(variable).copy()
        for variable in steps.optimizer.variables
        if "momentum" in variable.path
    }
    return {path: value / np.linalg.norm(value) for path, value in momentum.items()}


@pytest.mark.slow
def test_the_first_steps_have_the_same_gradients_and_losses():
    model = mask_rcnn(batch_norm="frozen")
    steps = steps_for(model, clip_norm=None, learning_rate=0.001)
    found = [arrays(steps(two_images()))]
    gradients = first_gradients(steps)
    assert len(gradients) == len(model.network.trainable_variables) == 88
    found += [arrays(steps(two_images())) for _ in range(2)]
    losses = {name: np.array([row[name] for row in found]) for name in found[0]}
    assert losses["total"][2] < losses["total"][0]
    compare("gradients", gradients, rtol=0, atol=1e-5)
    compare("first_steps", losses, rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_loss_curve_is_the_same_within_the_noise_of_sampling():
    """The yardstick: means over windows of 10 steps and 4 seeds differ by no more than 4 standard errors, as the
    scatter between the seeds on both backends gives them."""
    model = mask_rcnn(same_samples=False)
    steps = steps_for(model)
    start = [variable.numpy().copy() for variable in steps.optimizer.variables]
    curves = []
    for seed in range(SEEDS):
        fill(model.network)
        model.network.noise.state.assign(np.array([seed + 1, 0], model.network.noise.state.dtype))
        for variable, value in zip(steps.optimizer.variables, start, strict=True):
            variable.assign(value)
        totals = [steps(two_images())["total"] for _ in range(STEPS)]
        curves.append([float(keras.ops.convert_to_numpy(total)) for total in totals])
    windows = np.array(curves).reshape(SEEDS, -1, WINDOW).mean(axis=2)
    assert windows[:, -1].mean() < 0.8 * windows[:, 0].mean()
    np.savez(own("curve.npz"), windows=windows)
    for backend, path in others("curve.npz").items():
        theirs = np.load(path)["windows"]
        error = np.sqrt((windows.var(axis=0, ddof=1) + theirs.var(axis=0, ddof=1)).mean() / SEEDS)
        difference = np.abs(windows.mean(axis=0) - theirs.mean(axis=0))
        assert (difference < 4 * error).all(), f"{backend}: {difference} with a standard error of {error}"
