"""The section `trainer`: optimizer, schedule, precision, and what the loop needs."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from base.config import LoopConfig
from utils.config.section import Section


class OptimizerConfig(Section):
    """How a gradient becomes a step."""

    name: str = "sgd"
    """Any optimizer of `keras.optimizers`, by its name in any case: sgd, adamw, adam, lion, lamb, muon…"""
    learning_rate: float = Field(default=0.01, gt=0)
    """The largest learning rate; `trainer.schedule` says how it goes up and down."""
    momentum: float | None = Field(default=None, ge=0, lt=1)
    """For optimizers that have one; null: 0.9 for sgd, the optimizer's own elsewhere."""
    weight_decay: float = Field(default=1e-4, ge=0)
    """Decoupled, as in Keras: a step takes learning_rate × weight_decay × w from each weight w."""
    decay_all: bool = False
    """Whether biases and normalization scales decay as well."""
    clip_norm: float | None = Field(default=10.0, gt=0)
    """The largest norm of all gradients together; null: no clipping."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are averaged into one update."""
    ema: float | None = Field(default=None, gt=0, lt=1)
    """Momentum, for each update, of the moving average of the weights, which is then evaluated; null: none. The
    statistics of batch normalization are moving averages already and stay as they are."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Further arguments of the optimizer's constructor, `{"beta_1": 0.8}` for example."""


class ScheduleConfig(Section):
    """The learning rate over the run, as a factor of `trainer.optimizer.learning_rate`."""

    name: Literal["constant", "poly", "step", "cosine"] = "cosine"
    """The curve after the warm-up. Callbacks that set the learning rate need `constant` with `warmup_steps` 0."""
    warmup_steps: int = Field(default=500, ge=0)
    """Updates in which the factor rises linearly from `warmup_factor` to 1; at most a tenth of the run is used."""
    warmup_factor: float = Field(default=0.001, ge=0, le=1)
    """The factor at the first update."""
    power: float = Field(default=0.9, gt=0)
    """poly: the factor is (1 − progress) to this power."""
    milestones: tuple[float, ...] = (8.0, 11.0)
    """step: epochs after which the factor is multiplied by `gamma`, in ascending order."""
    gamma: float = Field(default=0.1, gt=0, le=1)
    """step: see `milestones`."""
    floor: float = Field(default=0.0, ge=0, le=1)
    """poly, cosine: the factor never falls below this."""

    @model_validator(mode="after")
    def _milestones_ascend(self) -> Self:
        if any(later <= earlier for earlier, later in zip((0.0, *self.milestones), self.milestones, strict=False)):
            raise ValueError(f"milestones is {list(self.milestones)}: give epochs above 0 in ascending order")
        return self


class TrainerConfig(LoopConfig):
    """The trainer of supervised networks."""

    name: str = "supervised"
    """A registered trainer, or `package.module:Class` of your own."""
    jit_compile: bool = False
    """Compile the step with XLA: worth it on a GPU, seldom on a CPU. TensorFlow only: on JAX XLA compiles every step,
    on PyTorch none is compiled."""
    optimizer: OptimizerConfig = OptimizerConfig()
    """How a gradient becomes a step."""
    schedule: ScheduleConfig = ScheduleConfig()
    """The learning rate over the run; `mains/schedule_main.py` draws it."""
    logged_images: int = Field(default=8, ge=0)
    """Validation images logged with predictions beside the ground truth."""
