"""AnnotatedData: classes, splits and ids of a data set that annotation files describe.

A subclass reads its files; which classes are learned, in which order, and what becomes of images without an object is
the same for all of them.
"""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from data_loader.annotated_config import AnnotatedDataConfig
from data_loader.errors import DataError
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord, coco_ground_truth
from data_loader.validation import Broken, report_bad
from utils.registry import nearest

_LOGGER = logging.getLogger("maskeras")


@dataclass(frozen=True)
class Annotated:
    """What the files hold.

    Attributes:
        categories: the data set's id of a class → its name.
        splits: `"train"` and perhaps `"val"` and `"test"` → images; the categories of objects are the data set's ids.
        broken: what was left out; `AnnotatedData.prepare` decides whether it is too much.
    """

    categories: Mapping[int, str]
    splits: Mapping[str, Sequence[ImageRecord]]
    broken: tuple[Broken, ...] = ()


class AnnotatedData(InstanceData):
    """A data set for instance segmentation that is read from annotation files; the subclass writes `read()`.

    Inside, classes are numbered 1…K; the ground truth, and so every result, has the data set's own ids.
    """

    config: AnnotatedDataConfig

    def __init__(self, config: AnnotatedDataConfig, seed: int):
        super().__init__(config, seed)
        self._categories: dict[int, str] = {}
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
        self._categories = selected_categories(found.categories, self.config.classes)
        numbers = {category: number for number, category in enumerate(self._categories, 1)}
        splits = {name: tuple(_numbered(one, numbers) for one in records) for name, records in found.splits.items()}
        if "val" not in splits:
            splits |= split_by_seed(splits["train"], self.config.val_fraction, self.config.split_seed)
        if not self.config.keep_empty:
            splits["train"] = tuple(record for record in splits["train"] if record.objects)
        self._records = {name: splits.get(name, splits["val"]) for name in ("train", "val", "test")}
        empty = [name for name, records in self._records.items() if not records]
        if empty:
            advice = _advice(empty, found.splits, self.config.keep_empty)
            raise DataError(f"{self.display_name}: no usable image for {' and '.join(empty)}. {advice}")
        counts = ", ".join(f"{name} {len(records)}" for name, records in self._records.items())
        _LOGGER.info("%s: %s images, %d classes", self.display_name, counts, len(self.classes))

    @property
    def display_name(self) -> str:
        """The name of the folder, which tables and `environment.json` carry."""
        return self.config.root.resolve().name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes 1…K: known after `prepare()`."""
        return tuple(self._categories.values())

    @property
    def category_ids(self) -> tuple[int, ...]:
        """The ids of the classes in the annotation files: known after `prepare()`."""
        return tuple(self._categories)

    def records(self, split: str) -> Sequence[ImageRecord]:
        """The images of a split; `prepare()` comes first. Without a test split, `"test"` is the validation split."""
        if not self._records:
            raise RuntimeError(f"{type(self).__name__} knows its images only after prepare(): call that first.")
        if split not in self._records:
            raise ValueError(f"There is no split {split!r}: take {', '.join(self._records)}.")
        return self._records[split]

    def ground_truth(self, split: str) -> dict:
        """The COCO dict of a split, with the data set's own category and image ids."""
        return coco_ground_truth(self.records(split), self.classes, self.category_ids)


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


def _numbered(record: ImageRecord, numbers: Mapping[int, int]) -> ImageRecord:
    """Its objects of the selected classes, with the numbers 1…K that their ids have."""
    kept = (item for item in record.objects if item.category in numbers)
    return replace(record, objects=tuple(replace(item, category=numbers[item.category]) for item in kept))


def selected_categories(categories: Mapping[int, str], wanted: Sequence[str] | None) -> dict[int, str]:
    """Id → name of the classes to learn, in their order.

    Args:
        categories: all of the data set.
        wanted: names, or None for all.

    Raises:
        DataError: a name is not among the categories, or wanted twice.
    """
    if wanted is None:
        return dict(categories)
    ids = {name: category for category, name in categories.items()}
    for name in wanted:
        if name not in ids:
            near = nearest(name, ids)
            hint = f' did you mean "{near}"?' if near else ""
            raise DataError(f'data.classes: there is no class "{name}";{hint} The data have: {", ".join(ids)}.')
    if len(set(wanted)) < len(wanted):
        raise DataError(f"data.classes names a class twice: {', '.join(wanted)}.")
    return {ids[name]: name for name in wanted}


def split_by_seed(records: Sequence[ImageRecord], fraction: float, seed: int) -> dict[str, tuple[ImageRecord, ...]]:
    """Divides images into `"train"` and `"val"` at random, at least one each where there are two; order is kept."""
    count = min(max(1, round(fraction * len(records))), max(0, len(records) - 1))
    chosen = set(np.random.default_rng(seed).permutation(len(records))[:count].tolist())
    return {
        "train": tuple(record for index, record in enumerate(records) if index not in chosen),
        "val": tuple(record for index, record in enumerate(records) if index in chosen),
    }
