"""What is measured of a split with a label for each pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from base.batch import IGNORE
from base.class_pixels import ClassPixels, sum_pixels
from base.labels import BACKGROUND
from data_loader.class_pixels import pixels_of_record
from data_loader.records import ImageRecord
from preparation.inspection.facts import SplitFacts, sizes_of
from preparation.inspection.looks import Look
from preparation.inspection.quantiles import quantiles

IGNORED = "ignored"
"""How the pixels that no loss counts are called beside the labels."""


@dataclass(frozen=True)
class LabelFacts(SplitFacts):
    """One split of `I` images with a label for each pixel.

    Attributes:
        pixels: (I, K + 2) int64, of each image the pixels with the labels 0…K, then the ignored ones.
    """

    unit = "pixel"
    metric = "IoU"
    pixels: np.ndarray

    @classmethod
    def measure(cls, record: ImageRecord, index: int, num_classes: int) -> np.ndarray:
        """(K + 2,): see `pixels`."""
        counts = pixels_of_record(record)
        return np.append(counts[: num_classes + 1], counts[IGNORE])

    @classmethod
    def joined(cls, records: Sequence[ImageRecord], looks: Sequence[Look], measured: Sequence[Any]) -> Self:
        """See `SplitFacts`."""
        return cls(records, sizes_of(records), looks, np.stack(measured))

    @property
    def void(self) -> np.ndarray:
        """Positions of the images all of whose pixels are ignored."""
        return np.flatnonzero(self.pixels[:, :-1].sum(axis=1) == 0)

    @property
    def empty(self) -> np.ndarray:
        """Positions of the images without a pixel of any class, but for those that are `void`."""
        return np.setdiff1d(np.flatnonzero(self.pixels[:, 1:-1].sum(axis=1) == 0), self.void)

    @property
    def counts(self) -> np.ndarray:
        """(I,) classes in each image, the background not counted."""
        return (self.pixels[:, 1:-1] > 0).sum(axis=1)

    @property
    def totals(self) -> np.ndarray:
        """(K + 2,) pixels of all images."""
        return self.pixels.sum(axis=0)

    @property
    def shares(self) -> np.ndarray:
        """(K + 1,) part of the pixels that are not ignored with each label 0…K."""
        totals = self.totals[:-1]
        return totals / max(1, int(totals.sum()))

    @property
    def ignored_share(self) -> float:
        """The part of all pixels that is ignored."""
        return float(self.totals[-1] / max(1, int(self.totals.sum())))

    @property
    def class_pixels(self) -> ClassPixels:
        """As class weights by frequency are made from."""
        return sum_pixels(self.pixels, self.pixels.shape[1] - 2)

    def amounts(self, num_classes: int) -> np.ndarray:
        """(K,) pixels of each class."""
        return self.totals[1:-1]

    def images_of_classes(self, num_classes: int) -> np.ndarray:
        """(K,) images with each class."""
        return (self.pixels[:, 1:-1] > 0).sum(axis=0)

    def statistics(self, classes: Sequence[str]) -> dict[str, Any]:
        """Pixels of the labels."""
        names = (BACKGROUND, *classes)
        return {
            "void_images": len(self.void),
            "pixels_of_label": dict(zip((*names, IGNORED), self.totals.tolist(), strict=True)),
            "share_of_label": dict(zip(names, self.shares.round(6).tolist(), strict=True)),
            "ignored_share": round(self.ignored_share, 6),
            "classes_per_image": quantiles(self.counts),
        }
