"""InstanceTrain: supervised training that shows predicted masks beside the ground truth."""

import numpy as np

from base.batch import Batch
from trainers.reporting.pictures import comparison_pictures
from trainers.supervised_train import SupervisedTrain


class InstanceTrain(SupervisedTrain):
    """Trains an instance segmentation network. Arguments as in `BaseTrain`."""

    def __init__(self, model, data, config, **others):
        super().__init__(model, data, config, **others)
        self._pictures: list[np.ndarray] = []

    def validate(self) -> dict[str, float]:
        """As in `BaseTrain`; the first `pictures` pictures go to the logger."""
        self._pictures = []
        metrics = super().validate()
        if self.logger and self._pictures:
            named = {f"pictures/{i:02d}": picture for i, picture in enumerate(self._pictures)}
            self.logger.summarize(self.model.global_step, named, "val")
        return metrics

    def on_evaluated(self, split: str, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Keeps pictures until there are enough."""
        wanted = self.config.pictures - len(self._pictures)
        if split == "val" and wanted > 0:
            self._pictures += comparison_pictures(batch, predictions, self.data.classes)[:wanted]
