"""InstanceTrain: supervised training that shows predicted masks beside the ground truth."""

import numpy as np

from base.base_eval import BaseEvaluator
from base.batch import Batch
from reporting.comparison import comparison_images
from trainers.supervised_train import SupervisedTrain


class InstanceTrain(SupervisedTrain):
    """Trains an instance segmentation network. Arguments as in `BaseTrain`.

    `images` are spread evenly over the split that was evaluated last: prediction left, ground truth right.
    """

    def __init__(self, model, data, config, **others):
        super().__init__(model, data, config, **others)
        self._seen = 0

    def validate(self) -> dict[str, float]:
        """As in `BaseTrain`; the images go to the logger."""
        metrics = super().validate()
        if self.logger and self.images:
            named = {f"images/{i:02d}": image for i, image in enumerate(self.images)}
            self.logger.summarize(self.model.global_step, named, "val")
        return metrics

    def evaluate(self, split: str, evaluator: BaseEvaluator) -> dict[str, float]:
        """As in `SupervisedTrain`; fills `images`."""
        self.images, self._seen = [], 0
        return super().evaluate(split, evaluator)

    def on_evaluated(self, split: str, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Keeps every n-th image."""
        every = max(1, len(self.data.split(split)) // max(1, self.config.logged_images))
        valid = int(np.sum(batch["valid"]))
        rows = [row for row in range(valid) if (self._seen + row) % every == every // 2]
        self._seen += valid
        for row in rows[: self.config.logged_images - len(self.images)]:
            one, found = ({key: value[row : row + 1] for key, value in part.items()} for part in (batch, predictions))
            self.images += comparison_images(one, found, self.data.classes)
