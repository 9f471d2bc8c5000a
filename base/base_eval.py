"""BaseEvaluator: predictions in, one row of named metrics out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from base.analysis import Analysis, AnalysisOptions
from base.batch import Batch
from utils.errors import UserError


class BaseEvaluator(ABC):
    """Collects predictions over a split and turns them into metrics.

    Args:
        config: the section `evaluator`.
        ground_truth: what `BaseData.ground_truth(split)` returned.
    """

    def __init__(self, config, ground_truth: Any):
        self.config = config
        self.ground_truth = ground_truth

    @property
    def soft(self) -> bool:
        """Whether `update` takes the predictions of `BaseModel.predict_soft` in place of those of `predict`."""
        return False

    @property
    def views(self) -> dict[str, Any]:
        """Arguments `tile` and `tta` of a `Predictor` where images are predicted in several views, and taken by `add`;
        empty where they are predicted once, and taken by `update`."""
        return {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the metrics that `result()` returns; empty where they are not known beforehand.

        With them a `trainer.checkpoint.monitor` that no validation gives is an error before the first step.
        """
        return ()

    @abstractmethod
    def reset(self) -> None:
        """Forgets all predictions."""

    @abstractmethod
    def update(self, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Takes the predictions for one batch; images that are not `valid` are passed over."""

    def add(self, image_id: int, found: Any) -> None:
        """Takes what was found in one image, as the task's `results` gives it.

        Raises:
            UserError: this evaluator takes batches alone.
        """
        raise UserError(f"{type(self).__name__} takes no predictions made in several views: set evaluator.views null.")

    @abstractmethod
    def result(self) -> dict[str, float]:
        """Name → value over all that was taken since `reset()`."""

    def results(self) -> list[Any]:
        """What was predicted since `reset()` as JSON values, which `load_results` takes.

        Raises:
            UserError: this evaluator has no such form.
        """
        raise UserError(f"{type(self).__name__} keeps no predictions that could be written to a file.")

    def load_results(self, results: Sequence[Any], source: str = "the list of results") -> None:
        """Takes predictions as `results()` gives them in place of `update`; what came before is forgotten.

        Args:
            results: of this program or of another one.
            source: what messages call them.

        Raises:
            UserError: they do not fit the ground truth, or this evaluator takes none.
        """
        raise UserError(f"{type(self).__name__} takes no predictions from a file.")

    def analyze(self, options: AnalysisOptions) -> Analysis:
        """What is behind the metrics.

        Raises:
            UserError: this evaluator has no analysis.
        """
        raise UserError(
            f"{type(self).__name__} has no analysis; write a method analyze(options), or read the metrics of training."
        )
