"""BaseModel: a network, its losses, its counters and its checkpoints."""

import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import keras

from base.batch import DataSpec
from base.checkpoint import Checkpoint, CheckpointError, CheckpointSaver, read_checkpoint
from base.config import CheckpointConfig
from base.variables import LoadReport, load_network_arrays, network_arrays
from utils.flops import multiply_adds

log = logging.getLogger("maskeras")


class BaseModel(ABC):
    """What a trainer trains.

    The subclass writes `build_model()` and `compute_losses()`. It gets `save()`, `load()`, `cur_epoch`, `global_step`,
    `init_saver()` and a summary.

    Args:
        config: the section `model`.
        spec: classes and shapes of the data.

    Attributes:
        network: the Keras network; its layers carry explicit names, which the checkpoints use.
        cur_epoch: finished epochs.
        global_step: finished steps over all epochs.
    """

    def __init__(self, config, spec: DataSpec):
        self.config = config
        self.spec = spec
        self.cur_epoch = 0
        self.global_step = 0
        self.saver: CheckpointSaver | None = None
        self.network = self.build_model()

    @abstractmethod
    def build_model(self) -> keras.Model:
        """Makes the network with all its variables for `self.spec`."""

    @abstractmethod
    def compute_losses(self, batch: dict[str, Any], outputs: Any) -> dict[str, Any]:
        """Name → scalar loss term, weighted; their sum is what is minimised."""

    def forward(self, batch: dict[str, Any], training: bool) -> Any:
        """The network's outputs for a batch; overridden where the network needs more than the pictures."""
        return self.network(batch["images"], training=training)

    @property
    def origin(self) -> str:
        """What the network started from, in words for the final table."""
        return "random weights"

    def network_inputs(self) -> Any:
        """Symbolic inputs of one picture, as `forward` gives them to the network."""
        return keras.KerasTensor((1, *self.spec.image_size, 3), "uint8")

    def predict(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The predictions that an evaluator takes; the outputs themselves unless overridden."""
        return self.forward(batch, training=False)

    def init_saver(self, folder: Path, config: CheckpointConfig | None = None) -> None:
        """Says where `save()` and `load()` keep the checkpoints of the run, and which of them stay."""
        self.saver = CheckpointSaver(folder, config or CheckpointConfig())

    def save(self, trainer_arrays: dict[str, Any] | None = None, meta: dict[str, Any] | None = None) -> Path:
        """Writes a checkpoint: variables, counters and what the trainer adds; returns its folder.

        Args:
            trainer_arrays: the optimizer's variables and the like, kept under `trainer/`.
            meta: position, metrics, random states; JSON values.
        """
        arrays = {f"network/{key}": value for key, value in network_arrays(self.network).items()}
        arrays |= {f"trainer/{key}": value for key, value in (trainer_arrays or {}).items()}
        counters = {"cur_epoch": self.cur_epoch, "global_step": self.global_step, "classes": list(self.spec.classes)}
        return self._saver().write(arrays, {"metrics": {}, **(meta or {}), **counters})

    def load(self, which: str = "last", strict: bool = True) -> Checkpoint:
        """Fills the network and the counters from a checkpoint.

        Args:
            which: `"last"`, `"best"` or the folder of one.
            strict: whether a variable that does not fit is an error. Otherwise what fits is loaded, what does not is
                logged, and the counters stay at 0: it is the start of another run.

        Raises:
            CheckpointError: there is none, it is damaged, or (strict) it does not fit.
        """
        checkpoint = self._saver().read(which) if which in ("last", "best") else read_checkpoint(Path(which))
        report = self._fill(part(checkpoint.arrays, "network"), checkpoint, strict)
        log.info("%s: %s", checkpoint.path, report)
        if strict:
            self.cur_epoch = checkpoint.meta["cur_epoch"]
            self.global_step = checkpoint.meta["global_step"]
        return checkpoint

    def summary(self) -> str:
        """Name, parameters and the cost of one picture in multiply-adds."""
        trainable = sum(int(keras.ops.size(v)) for v in self.network.trainable_variables)
        total = self.network.count_params()
        height, width = self.spec.image_size
        gmac = multiply_adds(self.network, self.network_inputs()) / 1e9
        return (
            f"{self.network.name}: {total / 1e6:.2f} M parameters, {trainable / 1e6:.2f} M of them trained, "
            f"{gmac:.2f} G multiply-adds for one picture of {height}×{width}"
        )

    def describe(self) -> str:
        """The table of the network's layers."""
        lines: list[str] = []
        self.network.summary(print_fn=lambda line, **_: lines.append(line), line_length=110)
        return "\n".join(lines)

    def _fill(self, arrays: dict[str, Any], checkpoint: Checkpoint, strict: bool) -> LoadReport:
        before = network_arrays(self.network) if strict else {}
        report = load_network_arrays(self.network, arrays)
        if strict and not report.complete:
            load_network_arrays(self.network, before)
            raise CheckpointError(
                f"The checkpoint {checkpoint.path} does not fit this model (its classes: "
                f"{', '.join(checkpoint.meta['classes'])}):\n  {report}\n"
                "Take the config that it was trained with, or load what fits with strict=False."
            )
        return report

    def _saver(self) -> CheckpointSaver:
        if self.saver is None:
            raise CheckpointError("The model does not know where its checkpoints lie: call init_saver(folder) first.")
        return self.saver


def part(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    """The entries `name/<key>` of a checkpoint, as `<key>`."""
    return {key[len(name) + 1 :]: value for key, value in arrays.items() if key.startswith(f"{name}/")}
