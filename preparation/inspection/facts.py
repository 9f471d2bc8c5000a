"""What is measured of a data set: each image decoded once, in threads."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from data_loader.cores import usable_cores
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord
from preparation.inspection.looks import Look, look_at
from utils.progress import ImageProgress

_AHEAD = 64


@dataclass(frozen=True)
class SplitFacts(ABC):
    """One split of `I` images with `K` classes; the subclass knows what is annotated in them.

    Attributes:
        unit: what of a class is counted, one of it.
        metric: that a class without any of it lowers.
        records: the images.
        sizes: (I, 2) height and width in pixels.
        looks: of each image.
    """

    unit: ClassVar[str]
    metric: ClassVar[str]
    records: Sequence[ImageRecord]
    sizes: np.ndarray
    looks: Sequence[Look]

    @classmethod
    @abstractmethod
    def measure(cls, record: ImageRecord, index: int, num_classes: int) -> Any:
        """What is annotated in an image that is at position `index` of its split; called in a thread."""

    @classmethod
    @abstractmethod
    def joined(cls, records: Sequence[ImageRecord], looks: Sequence[Look], measured: Sequence[Any]) -> Self:
        """The split.

        Args:
            records: the images.
            looks: of each.
            measured: of each what `measure` gave.
        """

    @abstractmethod
    def amounts(self, num_classes: int) -> np.ndarray:
        """(K,) how many units of each class the split has."""

    @abstractmethod
    def images_of_classes(self, num_classes: int) -> np.ndarray:
        """(K,) images with each class."""

    @property
    @abstractmethod
    def counts(self) -> np.ndarray:
        """(I,) how many objects, or classes, each image has."""

    @property
    @abstractmethod
    def empty(self) -> np.ndarray:
        """Positions of the images without any class."""

    @abstractmethod
    def statistics(self, classes: Sequence[str]) -> dict[str, Any]:
        """The numbers that only this kind of annotation has, as JSON types."""


Facts = TypeVar("Facts", bound=SplitFacts)


def sizes_of(records: Sequence[ImageRecord]) -> np.ndarray:
    """(I, 2) height and width in pixels."""
    return np.array([(record.height, record.width) for record in records], np.int64).reshape(-1, 2)


def splits_of(data: InstanceData) -> dict[str, Sequence[ImageRecord]]:
    """The splits of a prepared data set; a test split that is the validation's is none."""
    splits = {name: data.records(name) for name in ("train", "val", "test")}
    if splits["test"] == splits["val"]:
        del splits["test"]
    return splits


def measure(data: InstanceData, kind: type[Facts]) -> dict[str, Facts]:
    """Reads, decodes and measures every image of every split; shows how far it is."""
    splits = splits_of(data)
    places = [(name, index) for name, records in splits.items() for index in range(len(records))]
    found: Mapping[str, list] = {name: [] for name in splits}

    def look(place: tuple[str, int]) -> tuple[Look, Any]:
        record = splits[place[0]][place[1]]
        return look_at(record), kind.measure(record, place[1], data.num_classes)

    with ThreadPoolExecutor(usable_cores()) as pool, ImageProgress("reading images", len(places)) as progress:
        for (name, _), row in zip(places, _in_order(pool, look, places), strict=True):
            found[name].append(row)
            progress.advance()
    return {
        name: kind.joined(splits[name], [look for look, _ in rows], [measured for _, measured in rows])
        for name, rows in found.items()
    }


def _in_order(pool: ThreadPoolExecutor, work, items: Sequence) -> Iterator:
    """As `pool.map`, with a bounded number of results that wait."""
    waiting, rest = [], iter(items)
    waiting.extend(pool.submit(work, item) for item in islice(rest, _AHEAD))
    while waiting:
        yield waiting.pop(0).result()
        waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
