"""Mean intersection over union of the classes, pixel by pixel over a split."""

import numpy as np

from base.base_eval import BaseEvaluator
from base.batch import IGNORE
from utils.config import Section


class MeanIoUConfig(Section):
    """mIoU."""

    name: str = "tests.unet.evaluator:MeanIoU"
    """The dotted path of the class."""
    classes: tuple[str, ...] = ("disk", "square")
    """Names of the classes 1…K."""


class MeanIoU(BaseEvaluator):
    config_class = MeanIoUConfig

    @property
    def names(self):
        return ("mIoU", *(f"IoU/{name}" for name in self.config.classes))

    def reset(self):
        size = len(self.config.classes) + 1
        self.confusion = np.zeros((size, size), np.int64)

    def update(self, batch, predictions):
        counted = (batch["labels"] != IGNORE) & batch["valid"][:, None, None]
        np.add.at(self.confusion, (batch["labels"][counted], predictions["labels"][counted]), 1)

    def result(self):
        hit = np.diag(self.confusion)
        union = self.confusion.sum(0) + self.confusion.sum(1) - hit
        iou = hit[1:] / np.maximum(union[1:], 1)
        return {"mIoU": float(iou.mean())} | dict(zip(self.names[1:], iou.tolist(), strict=True))
