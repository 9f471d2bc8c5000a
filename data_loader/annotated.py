"""AnnotatedData: classes, splits and ids of a data set that annotation files describe.

A subclass reads its files; which classes are learned, in which order, and what becomes of images without an object is
the same for all of them.
"""

import logging
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from base.batch import IGNORE
from base.labels import MOST_CLASSES
from data_loader.annotated_config import AnnotatedDataConfig
from data_loader.classes import Classes, chosen_classes
from data_loader.errors import DataError
from data_loader.instance_data import InstanceData
from data_loader.label_image import LabelTable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.validation import Broken, report_bad

_LOGGER = logging.getLogger("maskeras")


@dataclass(frozen=True)
class Annotated:
    """What the files hold.

    Attributes:
        categories: the data set's id of a class → its name.
        splits: `"train"` and perhaps `"val"` and `"test"` → images; the categories of objects, and the values of label
            images, are the data set's ids.
        broken: what was left out; `AnnotatedData.prepare` decides whether it is too much.
        void: values of label images that no loss counts; 0 is background unless it is here or a category.
    """

    categories: Mapping[int, str]
    splits: Mapping[str, Sequence[ImageRecord]]
    broken: tuple[Broken, ...] = ()
    void: Collection[int] = ()


class AnnotatedData(InstanceData):
    """A data set that is read from annotation files; the subclass writes `read()`.

    Inside, classes are numbered 1…K; the ground truth, and so every result, has the data set's own ids. Where the
    format has files of labels, `read()` gives those to semantic segmentation and objects to instance segmentation.
    """

    config: AnnotatedDataConfig

    def __init__(self, config: AnnotatedDataConfig, seed: int):
        super().__init__(config, seed)
        self._classes = Classes((), (), {}, frozenset())
        self._records: dict[str, tuple[ImageRecord, ...]] = {}

    @abstractmethod
    def read(self) -> Annotated:
        """Reads and checks all annotation files; called once.

        Raises:
            DataError: a file cannot be used at all.
        """

    def prepare(self) -> None:
        """Reads the files, selects the classes and makes the splits.

        Raises:
            DataError: as `read`; or too much is broken, a class is unknown, or a split is empty.
        """
        found = self.read()
        self.broken = found.broken
        for broken in found.broken:
            report_bad(broken.items, broken.total, self.config.max_bad_fraction, broken.what)
        splits = self._numbered_splits(found)
        if "val" not in splits:
            splits |= split_by_seed(splits["train"], self.config.val_fraction, self.config.split_seed)
        if not self.config.keep_empty:
            splits["train"] = tuple(filter(_shows_any, splits["train"]))
        self._records = {name: splits.get(name, splits["val"]) for name in ("train", "val", "test")}
        empty = [name for name, records in self._records.items() if not records]
        if empty:
            advice = _advice(empty, found.splits, self.config.keep_empty)
            raise DataError(f"{self.display_name}: no usable image for {' and '.join(empty)}. {advice}")
        counts = ", ".join(f"{name} {len(records)}" for name, records in self._records.items())
        _LOGGER.info("%s: %s images, %d classes", self.display_name, counts, len(self.classes))

    def _numbered_splits(self, found: Annotated) -> dict[str, tuple[ImageRecord, ...]]:
        """Chooses the classes; the images with the numbers 1…K in the place of the data set's ids."""
        self._classes = chosen_classes(found.categories, self.config.label_map, self.config.classes)
        if self.semantic and len(self.classes) > MOST_CLASSES:
            raise DataError(
                f"There are {len(self.classes)} classes; labels tell {MOST_CLASSES} apart: choose by data.classes."
            )
        table = _table(found, self._classes)
        return {
            name: tuple(_numbered(record, self._classes, table) for record in records)
            for name, records in found.splits.items()
        }

    @property
    def display_name(self) -> str:
        """The name of the folder, which tables and `environment.json` carry."""
        return self.config.root.resolve().name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes 1…K: known after `prepare()`."""
        return self._classes.names

    @property
    def category_ids(self) -> tuple[int, ...]:
        """The ids of the classes in the annotation files: known after `prepare()`."""
        return self._classes.ids

    def records(self, split: str) -> Sequence[ImageRecord]:
        """The images of a split; `prepare()` comes first. Without a test split, `"test"` is the validation split."""
        if not self._records:
            raise RuntimeError(f"{type(self).__name__} knows its images only after prepare(): call that first.")
        if split not in self._records:
            raise ValueError(f"There is no split {split!r}: take {', '.join(self._records)}.")
        return self._records[split]


def _shows_any(record: ImageRecord) -> bool:
    """Whether an image has anything of the selected classes, be it a crowd."""
    return bool(record.classes) or any(item.category for item in record.objects)


def _advice(empty: Sequence[str], splits: Mapping[str, Sequence[ImageRecord]], keep_empty: bool) -> str:
    """What to do where a split has no image.

    Args:
        empty: the splits without one.
        splits: what was read.
        keep_empty: whether training images without an object are kept.
    """
    if not splits["train"]:
        return "Add images to learn from; those that are listed and cannot be used are named above."
    if "train" in empty and not keep_empty:
        return "No training image has an object of these classes: set data.classes, or data.keep_empty = true."
    named = [split for split in empty if split in splits]
    if named:
        return f"Add images to {' and '.join(named)}, or name no such split."
    return (
        "There is one image to learn from, and data.val_fraction takes those that validate from several: add images, "
        "or name a val split."
    )


def _numbered(record: ImageRecord, classes: Classes, table: LabelTable) -> ImageRecord:
    """Its objects of the selected classes, with the numbers 1…K that their ids have; or its labels by the table."""
    objects = (_numbered_object(item, classes) for item in record.objects)
    labels = record.labels and replace(record.labels, table=table)
    return replace(record, objects=tuple(item for item in objects if item is not None), labels=labels)


def _numbered_object(item: ObjectRecord, classes: Classes) -> ObjectRecord | None:
    if item.category in classes.ignored:
        return replace(item, category=0, ignored=item.mask)
    number = classes.numbers.get(item.category)
    return None if number is None else replace(item, category=number)


def _table(found: Annotated, classes: Classes) -> LabelTable:
    """The labels of the values in label images."""
    void = {*found.void, *classes.ignored}
    known = {0, *found.categories, *void}
    return LabelTable({value: IGNORE if value in void else classes.numbers.get(value, 0) for value in known})


def split_by_seed(records: Sequence[ImageRecord], fraction: float, seed: int) -> dict[str, tuple[ImageRecord, ...]]:
    """Divides images into `"train"` and `"val"` at random, at least one each where there are two; order is kept."""
    count = min(max(1, round(fraction * len(records))), max(0, len(records) - 1))
    chosen = set(np.random.default_rng(seed).permutation(len(records))[:count].tolist())
    return {
        "train": tuple(record for index, record in enumerate(records) if index not in chosen),
        "val": tuple(record for index, record in enumerate(records) if index in chosen),
    }
