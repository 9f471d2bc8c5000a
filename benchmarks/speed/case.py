"""What is measured: a network and its compiled steps, as a config describes them, without images."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from base.base_model import BaseModel
from base.batch import Batch, DataSpec
from base.class_pixels import ClassPixels
from base.initial_weights import InitialWeights
from base.task import load_task
from benchmarks.speed.yardstick import Yardstick
from inference.compiled import compile_predict
from models.losses.class_weights import with_class_weights
from trainers.config import TrainerConfig
from trainers.optimizers import build_optimizer, build_schedule
from trainers.steps import compile_train_step
from utils.config import Config
from utils.registry import DATA, MODELS, resolve

STEPS_PER_EPOCH = 1000
"""In place of the length of a data set, for the learning rate's schedule."""


@dataclass(frozen=True)
class BenchmarkCase:
    """A model and what runs it.

    Attributes:
        model: built.
        train: the training step, compiled at its first call.
        predict: the prediction, compiled at its first call.
        batch: of the config's batch size.
        one: a single image without targets.
        several: the batch without targets.
    """

    model: BaseModel
    train: Callable[[Batch], dict[str, Any]]
    predict: Callable[[Batch], dict[str, Any]]
    batch: Batch
    one: Batch
    several: Batch


def spec_of(config: Config) -> DataSpec:
    """Classes and shapes of the config's data, which are read only where no class is known without that; ids of
    classes that only files know are then 1…K.

    Raises:
        UserError: they have to be read and cannot be.
    """
    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    if data.classes:
        return data.spec
    named = getattr(config.data, "classes", None)
    if named:
        return DataSpec(data.task_name, named, config.data.image_size, data.task.limits(config.data))
    data.prepare()
    return data.spec


def case_of(config: Config) -> BenchmarkCase:
    """The model of a config, with random weights; as many detections as there can be are made.

    An untrained network is sure of nothing: with the config's own threshold it would detect nothing, and the heads
    would have nothing to do.

    Raises:
        UserError: as `spec_of`.
    """
    spec = spec_of(config)
    model = resolve(MODELS, config.model.name)(_section(config.model, spec.num_classes), spec, InitialWeights())
    optimizer = build_optimizer(config.trainer, model.network, build_schedule(config.trainer, STEPS_PER_EPOCH))
    return _case(model, optimizer, config)


def _section(section: Any, num_classes: int) -> Any:
    """The section `model` without a score threshold, and without data to count class weights from: what they are
    changes no time."""
    if hasattr(section, "detect"):
        return section.model_copy(update={"detect": section.detect.model_copy(update={"score_threshold": 0.0})})
    if hasattr(section, "losses"):
        even = np.ones(num_classes + 1, np.int64)
        losses = with_class_weights(section.losses, lambda: ClassPixels(even, even))
        return section.model_copy(update={"losses": losses})
    return section


def yardstick_of(config: Config, spec: DataSpec) -> BenchmarkCase:
    """The bare ResNet-50 for the images of `spec`, batch and precision of the config, trained by SGD with momentum."""
    model = Yardstick(None, spec)
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    if config.trainer.precision == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.network.trainable_variables)
    return _case(model, optimizer, config)


def _case(model: BaseModel, optimizer: keras.optimizers.Optimizer, config: Config) -> BenchmarkCase:
    trainer: TrainerConfig = config.trainer
    train = compile_train_step(model, optimizer, trainer.jit_compile)
    task = load_task(model.spec.task)
    batch = task.dummy_batch(model.spec, config.data.batch_size, config.exp.seed)
    one, several = task.inputs(task.dummy_batch(model.spec, 1)), task.inputs(batch)
    return BenchmarkCase(model, train, compile_predict(model, trainer.jit_compile), batch, one, several)
