"""A file with a class for each pixel: what is known of it after a look, and its labels, read when they are needed."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from base.batch import IGNORE, Size
from data_loader.errors import DataError
from data_loader.mask_images import read_values
from data_loader.validation import UnusableError

_SHOWN = 10
_BYTE = np.dtype(np.uint8)


class LabelTable:
    """Value in a file → label, for every value that a file may have: 0 background, 1…K, 255 ignored."""

    def __init__(self, labels: Mapping[int, int]):
        self.labels = {value: labels[value] for value in sorted(labels)}
        self._values = np.array(list(self.labels), np.int64)
        self._labels = np.array(list(self.labels.values()), np.int16)
        self._of_bytes = np.full(256, -1, np.int16)
        bytes_of = [value for value in self.labels if 0 <= value < len(self._of_bytes)]
        self._of_bytes[bytes_of] = [self.labels[value] for value in bytes_of]

    @property
    def has_background(self) -> bool:
        """Whether a value stands for the background."""
        return 0 in self.labels.values()

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """(h, w) integers → (h, w) uint8.

        Raises:
            DataError: a value has no label.
        """
        if values.dtype == _BYTE:  # as nearly all are: a lookup takes a tenth of the time of a search
            found = self._of_bytes[values]
        else:
            places = np.searchsorted(self._values, values).clip(max=len(self._values) - 1)
            found = np.where(self._values[places] == values, self._labels[places], np.int16(-1))
        if (found < 0).any():
            raise DataError(f"the values {_listed(np.unique(values[found < 0]).tolist())} have no label")
        return found.astype(np.uint8)


_NO_CLASSES = LabelTable({0: 0})


@dataclass(frozen=True, slots=True)
class LabelImage:
    """A file of the size of its image as it is shown, with a value for each pixel.

    Attributes:
        path: of the file.
        pixels: value in the file → number of pixels, for those that occur.
        digest: 16 hex digits over the values.
        table: the labels of the values, one object for all images of a data set.
    """

    path: Path
    pixels: Mapping[int, int]
    digest: str
    table: LabelTable = field(default=_NO_CLASSES, compare=False)

    @property
    def labels(self) -> dict[int, int]:
        """Label → number of pixels, the ignored ones (255) included."""
        found: dict[int, int] = {}
        for value, count in self.pixels.items():
            label = self.table.labels[value]
            found[label] = found.get(label, 0) + count
        return found

    @property
    def classes(self) -> set[int]:
        """The classes 1…K that have a pixel."""
        return set(self.labels) - {0, IGNORE}

    def content(self) -> list:
        """What labels are made from, as JSON values: part of the fingerprint of the data."""
        return [self.digest, [[value, self.table.labels[value]] for value in self.pixels]]

    def read(self, size: Size) -> np.ndarray:
        """The labels, (h, w) uint8.

        Args:
            size: that the file had when it was looked at.

        Raises:
            DataError: it is missing, does not decode, or has another size or other values than it had.
        """
        values = read_values(self.path)
        if values.shape != size:
            raise DataError(f"{self.path}: the labels are {values.shape} but were {size} (h, w) when they were read.")
        try:
            return self.table(values)
        except DataError as error:
            raise DataError(f"{self.path}: has changed since it was read first: {error}.") from None


def label_image(path: Path, values: np.ndarray, known: Collection[int], advice: str) -> LabelImage:
    """What is known of a file after it was read once.

    Args:
        path: of the file.
        values: (h, w) integers in it.
        known: the values that it may have.
        advice: what to correct where it has others.

    Raises:
        UnusableError: it has a value that is not known.
    """
    pixels = _counts(values)
    unknown = [value for value in pixels if value not in known]
    if unknown:
        reason = f"{path.name} has {_listed(unknown)}; known are {_listed(sorted(known))}: {advice}"
        raise UnusableError("value of no class", reason)
    return LabelImage(path, pixels, hashlib.sha256(values.tobytes()).hexdigest()[:16])


def _counts(values: np.ndarray) -> dict[int, int]:
    if values.dtype == _BYTE:  # sorting all pixels takes ten times as long
        counts = np.bincount(values.reshape(-1), minlength=256)
        return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    found, counts = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), counts.tolist(), strict=True))


def _listed(values: Collection[int]) -> str:
    shown = ", ".join(map(str, list(values)[:_SHOWN]))
    return f"{shown} …" if len(values) > _SHOWN else shown
