"""InstanceData: images with objects or labels from an index, for instance or semantic segmentation."""

import logging
import math
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import numpy as np

from base.base_data import BaseData
from base.batch import Sample
from base.class_pixels import ClassPixels
from base.labels import LabelTruth
from data_loader.class_pixels import class_pixels
from data_loader.config import InstanceDataConfig
from data_loader.images import read_rgb
from data_loader.labels import label_truth, read_labels
from data_loader.records import ImageRecord, RecordSource, coco_ground_truth, fingerprint, read_sample
from data_loader.sampling import repeat_factors, repeated_order
from data_loader.validation import Broken

_LOGGER = logging.getLogger("maskeras")


class InstanceData(BaseData):
    """Gives samples and ground truth for whatever `records` lists: objects, or with `data.task` = semantic labels.

    The subclass writes `records()` and `classes`, and `prepare()` where there is something to find or to check. It may
    name a task of its own by `task_name`; else that is `data.task`.

    Args:
        config: an `InstanceDataConfig`.
        seed: the seed of the run.

    Attributes:
        broken: what `prepare()` left out, for an inspection of the data.
    """

    config: InstanceDataConfig
    broken: tuple[Broken, ...] = ()

    def __init__(self, config: InstanceDataConfig, seed: int):
        if not hasattr(self, "task_name"):
            self.task_name = config.task
        super().__init__(config, seed)

    @property
    def semantic(self) -> bool:
        """Whether a sample has a label for each pixel (`data_loader.labels`) in place of objects."""
        return self.config.task == "semantic"

    @abstractmethod
    def records(self, split: str) -> Sequence[ImageRecord]:
        """The images of `"train"`, `"val"` or `"test"`."""

    def train(self) -> Sequence[Sample]:
        """Raw training samples (`data_loader.records.read_sample`, or `data_loader.labels.read_labels`).

        Warns where `max_objects` leaves objects out.
        """
        if not self.semantic:
            self._warn_of_left_out(self.records("train"))
        return self._source("train")

    def val(self) -> Sequence[Sample]:
        """Raw samples that choose the best checkpoint."""
        return self._source("val")

    def test(self) -> Sequence[Sample]:
        """Raw samples of the final metrics."""
        return self._source("test")

    def _source(self, split: str) -> RecordSource:
        return RecordSource(self.records(split), read_labels if self.semantic else read_sample)

    def prepare_sample(self, sample: Sample, rng: np.random.Generator | None) -> Sample:
        """As the task does; mosaic and copy-paste take further images from the training split."""
        if rng is not None and self.config.augment is not None and self.config.augment.mixes:
            sample = {"source": self.split("train")} | sample
        return super().prepare_sample(sample, rng)

    def training_sample(self, epoch: int, index: int) -> Sample:
        """The raw sample; nothing is mixed into it after `data.augment.mix_epochs`."""
        sample = super().training_sample(epoch, index)
        mixed = self.config.augment.mix_epochs if self.config.augment else None
        return sample if mixed is None or epoch < mixed else sample | {"source": ()}

    @property
    def epoch_length(self) -> int:
        """Images in an epoch; with `data.sampler` more than the training split has."""
        return len(self.split("train")) if self._factors is None else math.floor(self._factors.sum())

    def epoch_order(self, epoch: int, rng: np.random.Generator) -> np.ndarray:
        """The training images of an epoch, shuffled; `data.sampler` repeats those with rare classes."""
        return super().epoch_order(epoch, rng) if self._factors is None else repeated_order(self._factors, rng)

    def class_pixels(self) -> ClassPixels:
        """As in `BaseData`, kept in the folder `data.cache`."""
        if not self.semantic:
            return super().class_pixels()
        return class_pixels(self.records("train"), self.num_classes, self.fingerprint, self.config.cache)

    @cached_property
    def _factors(self) -> np.ndarray | None:
        """How often each training image is in an epoch, on average; None: once."""
        if self.config.sampler is None:
            return None
        factors = repeat_factors([record.classes for record in self.records("train")], self.config.sampler.threshold)
        _LOGGER.info(
            "data.sampler: an epoch has %d images instead of %d; %d of them are repeated, up to %.1f times",
            *(math.floor(factors.sum()), len(factors), np.count_nonzero(factors > 1), factors.max()),
        )
        return factors

    def _warn_of_left_out(self, records: Sequence[ImageRecord]) -> None:
        capacity = self.config.max_objects
        crowded = [len(record.objects) for record in records if len(record.objects) > capacity]
        if crowded:
            _LOGGER.warning(
                "data.max_objects = %d: %d of %d training images have more objects, up to %d. Crowds and the "
                "smallest are left out and learned as background; raise data.max_objects to keep them.",
                *(capacity, len(crowded), len(records), max(crowded)),
            )

    def ground_truth(self, split: str) -> dict | LabelTruth:
        """What the metrics of a split are measured against, exact, in the size of the files.

        The COCO dict with masks as RLE and the data set's own ids (`coco_ground_truth`); for semantic segmentation the
        labels by the id of their image.
        """
        if self.semantic:
            return label_truth(self.records(split), self.classes, self.category_ids)
        return coco_ground_truth(self.records(split), self.classes, self.category_ids)

    def namings(self, split: str) -> Mapping[str, Mapping[str, int]]:
        """Other classes that the objects of a split could have: title → class → number of objects; none by default."""
        return {}

    def read_images(self, split: str, image_ids: Iterable[int]) -> Iterator[tuple[int, np.ndarray]]:
        """As in `BaseData`; only these images are read."""
        wanted = set(image_ids)
        for record in self.records(split):
            if record.image_id in wanted:
                yield record.image_id, read_rgb(record.path)

    @cached_property
    def fingerprint(self) -> str:
        """12 hex digits over names, sizes in pixels and bytes, classes and masks of all splits."""
        return fingerprint({split: self.records(split) for split in ("train", "val", "test")})
