"""BaseEvaluator: predictions in, one row of named metrics out."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from base.batch import Batch


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

    @abstractmethod
    def result(self) -> dict[str, float]:
        """Name → value over all that was taken since `reset()`."""
