"""A task with labels, as small as can be, whose samples `prepare_labels` makes."""

from data_loader.transforms.prepare_labels import prepare_labels
from tests.unet.task import PixelTask


class LabelTask(PixelTask):
    def prepare(self, sample, config, rng):
        return prepare_labels(sample, config, rng)
