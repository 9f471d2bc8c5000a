"""BaseModel: a network, its losses, its counters and its checkpoints."""

import logging
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import keras

from base.base_data import BaseData
from base.batch import DataSpec
from base.checkpoint import Checkpoint, CheckpointError, CheckpointSaver, find_checkpoint, read_checkpoint
from base.config import CheckpointConfig, ModelConfig
from base.initial_weights import InitialWeights
from base.task import load_task
from base.variables import LoadReport, load_network_arrays, network_arrays
from utils.config.section import Section
from utils.flops import Cost, count_cost

log = logging.getLogger("maskeras")


class BaseModel(ABC):
    """What a trainer trains.

    The subclass writes `build_model()` and `compute_losses()`. It gets `save()`, `load()`, `cur_epoch`, `global_step`,
    `init_saver()` and a summary.

    Args:
        config: the section `model`.
        spec: classes and shapes of the data.
        initial: where a checkpoint will fill the network: what that run was initialized from; None for a new run.

    Attributes:
        network: the Keras network; its layers carry explicit names, which the checkpoints use.
        initial: what the weights were initialized from.
        cur_epoch: finished epochs.
        global_step: finished steps over all epochs.
        evaluator_config: the section `evaluator` of the run, which its checkpoints contain, so that a Predictor makes
            results as they were evaluated; None where it is not known.
    """

    def __init__(self, config, spec: DataSpec, initial: InitialWeights | None = None):
        self.config = config
        self.spec = spec
        self.cur_epoch = 0
        self.global_step = 0
        self.saver: CheckpointSaver | None = None
        self.evaluator_config: Section | None = None
        self.network = self.build_model()
        self.initial = initial or self._initialize()
        if self.initial.pretrained:
            self.freeze()

    @classmethod
    def complete_config(cls, config, data: BaseData):
        """The section `model` with what the training data decide, such as class weights by frequency, as numbers.

        Called before the model of a run is made: its checkpoints hold the result.

        Args:
            config: the section as it was given; what is returned unless overridden.
            data: prepared.
        """
        return config

    @abstractmethod
    def build_model(self) -> keras.Model:
        """Makes the network with all its variables for `self.spec`, with random weights."""

    @abstractmethod
    def compute_losses(self, batch: dict[str, Any], outputs: Any) -> dict[str, Any]:
        """Name → scalar loss term, weighted; their sum is what is minimized.

        `total` and `regularization` are names of the trainer.
        """

    def forward(self, batch: dict[str, Any], training: bool) -> Any:
        """The network's outputs for a batch; overridden where the network needs more than the images."""
        return self.network(batch["images"], training=training)

    def initialize_weights(self) -> InitialWeights:
        """Fills the network of a new run with what its config names besides `init_from`; random weights stay."""
        return InitialWeights()

    def freeze(self) -> None:  # noqa: B027  (nothing is frozen by default)
        """Freezes the layers that the config names; called only where the weights are pretrained."""

    def check_initial(self, report: LoadReport) -> None:  # noqa: B027  (any part may be missing by default)
        """Raises a UserError where the checkpoint `init_from` lacks what this model cannot do without."""

    def check_batch(self, batch: dict[str, Any]) -> None:  # noqa: B027
        """Warns where the config does not suit the data.

        Args:
            batch: the first one of a new run, as NumPy arrays.
        """

    def network_inputs(self) -> Any:
        """Symbolic inputs of one image, as `forward` gives them to the network."""
        return keras.KerasTensor((1, *self.spec.image_size, 3), "uint8")

    def predict(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The predictions that an evaluator takes; the outputs themselves unless overridden."""
        return self.forward(batch, training=False)

    def predict_soft(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The predictions of `predict`, and what averaging over tiles or views needs; unless overridden no more.

        For semantic segmentation that is `probabilities` (B, H, W, K + 1) float32, the background first.
        """
        return self.predict(batch)

    def init_saver(self, folder: Path, config: CheckpointConfig | None = None) -> None:
        """Says where `save()` and `load()` keep the checkpoints of the run.

        Args:
            folder: of the checkpoints.
            config: which of them stay.
        """
        self.saver = CheckpointSaver(folder, (config or CheckpointConfig()).of_task(load_task(self.spec.task)))

    def save(
        self,
        trainer_arrays: dict[str, Any] | None = None,
        meta: dict[str, Any] | None = None,
        ema: dict[str, Any] | None = None,
    ) -> Path:
        """Writes a checkpoint: variables, counters and what the trainer adds; returns its folder.

        Args:
            trainer_arrays: the optimizer's variables and the like, kept under `trainer/`.
            meta: position, metrics, random states; JSON values.
            ema: variable path → the exponential moving average (EMA) of a weight, kept under `averaged/`.
        """
        arrays = {f"network/{key}": value for key, value in network_arrays(self.network).items()}
        arrays |= {f"trainer/{key}": value for key, value in (trainer_arrays or {}).items()}
        arrays |= {f"averaged/{path}": value for path, value in (ema or {}).items()}
        counters = {"cur_epoch": self.cur_epoch, "global_step": self.global_step, "classes": list(self.spec.classes)}
        described = {
            "spec": self.spec.to_dict(),
            "model": self.config.model_dump(mode="json"),
            "initial_weights": self.initial.to_dict(),
            "evaluator": self.evaluator_config.model_dump(mode="json") if self.evaluator_config else {},
        }
        return self._saver().write(arrays, {"metrics": {}, **(meta or {}), **counters, **described})

    def load(self, which: str = "last", strict: bool = True, ema: bool = True) -> Checkpoint:
        """Fills the network and the counters from a checkpoint.

        The default is what evaluation, prediction and export want: the weights that the validation measured. To resume
        a training, `BaseTrain.restore` then loads the raw ones.

        Args:
            which: `"last"`, `"best"` or the folder of one.
            strict: whether a variable that does not fit is an error. Otherwise what fits is loaded, the rest is
                logged, and the counters stay at 0: it is the start of another run.
            ema: whether weights that have an EMA get it instead of their last value. The statistics of batch
                normalization have none: they are moving averages already.

        Raises:
            CheckpointError: there is none, it is damaged, or (strict) it has other classes or does not fit.
        """
        checkpoint = self._saver().read(which) if which in ("last", "best") else read_checkpoint(Path(which))
        if strict:
            self._check_classes(checkpoint)
        arrays = part(checkpoint.arrays, "network") | (part(checkpoint.arrays, "averaged") if ema else {})
        report = self._fill(arrays, checkpoint, strict)
        log.info("%s: %s", checkpoint.path, report)
        if strict:
            self.cur_epoch = checkpoint.meta["cur_epoch"]
            self.global_step = checkpoint.meta["global_step"]
        return checkpoint

    def cost(self) -> Cost:
        """Parameters, and the multiply-adds of one image."""
        return count_cost(self.network, self.network_inputs())

    def summary(self) -> str:
        """Name, parameters and the cost of one image in multiply-adds."""
        cost = self.cost()
        height, width = self.spec.image_size
        return (
            f"{self.network.name}: {cost.parameters / 1e6:.2f} M parameters, {cost.trainable / 1e6:.2f} M of them "
            f"trained, {cost.multiply_adds / 1e9:.2f} G multiply-adds for one image of {height}×{width}"
        )

    def describe(self) -> str:
        """The table of the network's layers."""
        lines: list[str] = []
        self.network.summary(print_fn=lambda line, **_: lines.append(line), line_length=110)
        return "\n".join(lines)

    def _check_classes(self, checkpoint: Checkpoint) -> None:
        found, wanted = checkpoint.meta["classes"], list(self.spec.classes)
        if found != wanted:
            raise CheckpointError(
                f"The checkpoint {checkpoint.path} does not fit this model. Its classes: {', '.join(found)}; the "
                f"model's, in this order: {', '.join(wanted)}.\n"
                "Take the config and the data that it was trained with, or load what fits with strict=False."
            )

    def _initialize(self) -> InitialWeights:
        init_from = self.config.init_from if isinstance(self.config, ModelConfig) else None
        if init_from is None:
            return self.initialize_weights()
        checkpoint = find_checkpoint(init_from.expanduser())
        arrays = part(checkpoint.arrays, "network") | part(checkpoint.arrays, "averaged")
        report = self._fill(arrays, checkpoint, strict=False)
        log.info("initialized from %s: %s", checkpoint.path, report)
        if checkpoint.meta["classes"] != list(self.spec.classes):
            known = ", ".join(checkpoint.meta["classes"])
            log.warning("%s has other classes (%s): what is loaded for a class was another's.", checkpoint.path, known)
        self.check_initial(report)
        return InitialWeights(f"checkpoint {checkpoint.path}", pretrained=True)

    def _fill(self, arrays: dict[str, Any], checkpoint: Checkpoint, strict: bool) -> LoadReport:
        before = network_arrays(self.network) if strict else {}
        report = load_network_arrays(self.network, arrays)
        if strict and not report.complete:
            load_network_arrays(self.network, before)
            raise CheckpointError(
                f"The checkpoint {checkpoint.path} does not fit this model:\n  {report}\n"
                "Take the config that it was trained with, or load what fits with strict=False."
            )
        return report

    def _saver(self) -> CheckpointSaver:
        if self.saver is None:
            raise CheckpointError(
                "The model does not know the folder of its checkpoints: call init_saver(folder) first."
            )
        return self.saver


def part(arrays: dict[str, Any], name: str) -> dict[str, Any]:
    """The entries `name/<key>` of a checkpoint, as `<key>`."""
    return {key[len(name) + 1 :]: value for key, value in arrays.items() if key.startswith(f"{name}/")}
