"""The sections that the base classes read, whatever the model and the trainer."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from utils.config.section import Section

if TYPE_CHECKING:  # OpenCV would be loaded for it
    from base.task import Task


class ModelConfig(Section):
    """What every model's section has."""

    init_from: Path | None = None
    """Folder of another run's checkpoint that a new run is initialized from: what fits is loaded, the rest is
    listed."""


class DataConfig(Section):
    """What every data set's section has."""

    image_size: tuple[Annotated[int, Field(ge=32)], Annotated[int, Field(ge=32)]] = (320, 320)
    """Height and width of the network's input; an image is resized to fit and padded at the bottom and right."""
    batch_size: int = Field(default=8, ge=1)
    """Images in a training step, over all replicas."""
    val_batch_size: int = Field(default=8, ge=1)
    """Images in a validation step."""
    workers: int = Field(default=2, ge=1)
    """Threads that read, decode and augment."""
    prefetch: int = Field(default=16, ge=1)
    """Prepared images held ready for the next batches."""


class CheckpointConfig(Section):
    """When a checkpoint is written and which are kept."""

    keep: int = Field(default=2, ge=1)
    """Of how many newest steps the checkpoint is kept; the best one is kept besides."""
    every_steps: int | None = Field(default=None, ge=1)
    """Also write one every so many steps within an epoch; null: only after an epoch."""
    monitor: str | None = None
    """The validation metric that names the best checkpoint and that early stopping watches; null: that of the task,
    `mask/AP` for instance segmentation."""
    mode: Literal["max", "min"] | None = None
    """Whether a larger or a smaller value of `monitor` is better; null: as the task says."""

    def of_task(self, task: "Task") -> "CheckpointConfig":
        """The same with the task's metric and mode where the config leaves them open."""
        return self.model_copy(update={"monitor": self.monitor or task.monitor, "mode": self.mode or task.mode})


class EarlyStoppingConfig(Section):
    """Ends the run when the monitored metric stays where it is."""

    patience: int = Field(default=5, ge=1)
    """Validations without an improvement after which the run ends."""
    min_delta: float = Field(default=0.0, ge=0)
    """What counts as an improvement."""


class CallbackConfig(Section):
    """A Keras callback of the run."""

    name: str
    """`package.module:Class`, a subclass of `keras.callbacks.Callback`: `keras.callbacks:ReduceLROnPlateau`."""
    arguments: dict[str, Any] = Field(default_factory=dict)
    """Arguments of its constructor, `{"monitor": "val_mask/AP", "mode": "max"}` for example."""


class LoopConfig(Section):
    """The loop over epochs and steps."""

    epochs: int = Field(default=10, ge=0)
    """Passes over the training images; 0 trains nothing: the initial weights are validated, saved and tested."""
    max_steps: int | None = Field(default=None, ge=1)
    """Ends the run after so many steps in all; null: `epochs` alone decides."""
    validate_every: int = Field(default=1, ge=0)
    """Validate after every so many epochs and after the last; 0: never."""
    log_every: int = Field(default=20, ge=1)
    """Steps between two lines of losses; only then does the loop wait for the device."""
    checkpoint: CheckpointConfig = CheckpointConfig()
    """When a checkpoint is written and which are kept."""
    early_stopping: EarlyStoppingConfig | None = None
    """Ends the run when the monitored metric stays where it is; null: never."""
    callbacks: tuple[CallbackConfig, ...] = ()
    """Keras callbacks, called in this order. What they know is not in a checkpoint: a resumed run has new ones."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """What the layers compute in; the weights are float32 always."""
