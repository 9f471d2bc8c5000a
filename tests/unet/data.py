"""Ten images in memory: bright disks and blue squares on noise."""

from functools import cached_property

import numpy as np

from base.base_data import BaseData
from base.config import DataConfig


class ShapesConfig(DataConfig):
    """Ten images."""

    name: str = "tests.unet.data:ShapesData"
    """The dotted path of the class."""


class ShapesData(BaseData):
    config_class = ShapesConfig
    task_name = "tests.unet.task:PixelTask"
    classes = ("disk", "square")

    @cached_property
    def images(self):
        return [drawn(number) for number in range(10)]

    def train(self):
        return self.images[:8]

    def val(self):
        return self.images[8:]


def drawn(number):
    rng = np.random.default_rng(number)
    image = rng.integers(0, 60, (40, 56, 3)).astype(np.uint8)
    labels = np.zeros((40, 56), np.uint8)
    y, x = np.mgrid[:40, :56]
    labels[np.hypot(y - rng.integers(10, 30), x - rng.integers(10, 20)) < 8] = 1
    top, left = rng.integers(2, 24), rng.integers(30, 40)
    labels[top : top + 12, left : left + 12] = 2
    image[labels == 1] = (230, 120, 60)
    image[labels == 2] = (60, 120, 230)
    return {"image": image, "labels": labels, "image_id": number}
