"""What is measured: a network and its compiled steps, as a config describes them, without a data set."""

from dataclasses import dataclass

import keras

from base.base_model import BaseModel
from base.batch import Batch
from benchmarks.speed.dummy_batch import dummy_batch
from benchmarks.speed.yardstick import Yardstick
from trainers.config import TrainerConfig
from trainers.optimizers import build_optimizer
from trainers.steps import Steps, compile_steps
from utils.config import Config
from utils.registry import DATA, MODELS, resolve

STEPS_PER_EPOCH = 1000
"""Stands in for the length of a data set in the learning rate's schedule."""


@dataclass(frozen=True)
class BenchmarkCase:
    """A model and what runs it.

    Attributes:
        model: built.
        steps: compiled at their first call.
        batch: of the config's batch size.
        one: of a single image, without ground truth, for inference.
    """

    model: BaseModel
    steps: Steps
    batch: Batch
    one: Batch


def case_of(config: Config) -> BenchmarkCase:
    """The model of a config, with random weights; every detection it has room for is made.

    An untrained network is sure of nothing: with the config's own threshold it would detect nothing, and the heads
    would have nothing to do.
    """
    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    section = config.model.model_copy(deep=True)
    if hasattr(section, "detect"):
        section = section.model_copy(update={"detect": section.detect.model_copy(update={"score_threshold": 0.0})})
    model = resolve(MODELS, config.model.name)(section, data.spec, {"origin": "random weights", "trained": True})
    optimizer = build_optimizer(config.trainer, model.network, STEPS_PER_EPOCH)
    return _case(model, optimizer, config)


def yardstick_of(config: Config) -> BenchmarkCase:
    """The bare ResNet-50 for images, batch and precision of the config, trained by plain SGD with momentum."""
    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    model = Yardstick(None, data.spec)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    if config.trainer.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.network.trainable_variables)
    return _case(model, optimizer, config)


def _case(model: BaseModel, optimizer: keras.optimizers.Optimizer, config: Config) -> BenchmarkCase:
    trainer: TrainerConfig = config.trainer
    steps = compile_steps(model, optimizer, trainer.jit_compile)
    batch = dummy_batch(model.spec, config.data.batch_size, config.exp.seed)
    one = {key: value for key, value in dummy_batch(model.spec, 1).items() if not key.startswith("gt_")}
    return BenchmarkCase(model, steps, batch, one)
