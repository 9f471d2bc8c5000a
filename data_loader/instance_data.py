"""InstanceData: a data set for instance segmentation, from an index of its images."""

import logging
from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from base.base_data import BaseData
from base.batch import Sample
from data_loader.records import ImageRecord, RecordSource, coco_ground_truth, fingerprint
from data_loader.transforms.prepare import augment_sample, pad_sample, resize_sample

_LOGGER = logging.getLogger("maskeras")


class InstanceData(BaseData):
    """Gives samples, augmentation and ground truth for whatever `records` lists.

    The subclass writes `records()` and `classes`, and `prepare()` where there is something to find or to check.

    Args:
        config: an `InstanceDataConfig`.
        seed: the seed of the run.
    """

    @abstractmethod
    def records(self, split: str) -> Sequence[ImageRecord]:
        """The images of `"train"`, `"val"` or `"test"`."""

    def train(self) -> Sequence[Sample]:
        """Raw samples to learn from (`data_loader.records.read_sample`); tells where `max_objects` leaves some out."""
        records = self.records("train")
        self._tell_of_left_out(records)
        return RecordSource(records)

    def val(self) -> Sequence[Sample]:
        """Raw samples that choose the best checkpoint."""
        return RecordSource(self.records("val"))

    def test(self) -> Sequence[Sample]:
        """Raw samples of the final figures."""
        return RecordSource(self.records("test"))

    def prepare_sample(self, sample: Sample, rng: np.random.Generator | None) -> Sample:
        """Augments where `rng` is given, resizes to fit into `image_size`, pads at the bottom and right."""
        size = tuple(self.config.image_size)
        if rng is not None and self.config.augment is not None:
            placed = augment_sample(sample, size, self.config.augment, rng)
        else:
            placed = resize_sample(sample, size)
        return pad_sample(placed, size, self.config.max_objects)

    def _tell_of_left_out(self, records: Sequence[ImageRecord]) -> None:
        room = self.config.max_objects
        crowded = [len(record.objects) for record in records if len(record.objects) > room]
        if crowded:
            _LOGGER.warning(
                "data.max_objects = %d: %d of %d training images have more objects, up to %d. Crowds and the "
                "smallest are left out and learned as background; raise data.max_objects to keep them.",
                *(room, len(crowded), len(records), max(crowded)),
            )

    def ground_truth(self, split: str) -> dict:
        """The COCO dict of a split: masks as RLE in the size of the files, exact (`coco_ground_truth`)."""
        return coco_ground_truth(self.records(split), self.classes)

    @cached_property  # every checkpoint asks for it, and it goes over all records
    def fingerprint(self) -> str:
        """12 hex digits over names, sizes, classes and masks of all splits."""
        return fingerprint({split: self.records(split) for split in ("train", "val", "test")})
