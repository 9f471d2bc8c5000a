"""BaseEvaluator: predictions in, one row of named metrics out."""

from abc import ABC, abstractmethod

import numpy as np

from base.batch import Batch


class BaseEvaluator(ABC):
    """Collects predictions over a split and turns them into metrics.

    Args:
        config: the section `evaluator`.
        ground_truth: what `BaseData.ground_truth(split)` gave.
    """

    def __init__(self, config, ground_truth: dict):
        self.config = config
        self.ground_truth = ground_truth

    @abstractmethod
    def reset(self) -> None:
        """Forgets all predictions."""

    @abstractmethod
    def update(self, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Takes the predictions for one batch; images that are not `valid` are passed over."""

    @abstractmethod
    def result(self) -> dict[str, float]:
        """Name → value over all that was taken since `reset()`."""
