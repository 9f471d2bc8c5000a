"""What is measured of a split with objects."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from base import rle
from data_loader.records import ImageRecord
from preparation.inspection.facts import SplitFacts, sizes_of
from preparation.inspection.looks import Look
from preparation.inspection.objects import Objects, join, measure_objects
from preparation.inspection.quantiles import quantiles

LEAST_OVERLAP = 0.95
"""Mask IoU from which two annotations of an image are one."""
_SMALL, _MEDIUM = 32**2, 96**2
"""COCO's limits of the area of small and of medium objects, in pixels of the file."""


@dataclass(frozen=True)
class Overlap:
    """Two annotations with the same pixels: the image's position in the split, and theirs in the image."""

    image: int
    places: tuple[int, int]
    iou: float


@dataclass(frozen=True)
class ObjectFacts(SplitFacts):
    """One split of `I` images with `N` objects.

    Attributes:
        objects: of all images.
        overlaps: annotations with the same pixels.
    """

    unit = "object"
    metric = "AP"
    objects: Objects
    overlaps: Sequence[Overlap]

    @classmethod
    def measure(cls, record: ImageRecord, index: int, num_classes: int) -> tuple[Objects, list[Overlap]]:
        """See `SplitFacts`."""
        objects = measure_objects(record, index)
        return objects, _overlaps(record, objects, index)

    @classmethod
    def joined(cls, records: Sequence[ImageRecord], looks: Sequence[Look], measured: Sequence[Any]) -> Self:
        """See `SplitFacts`."""
        objects = join([found for found, _ in measured])
        return cls(records, sizes_of(records), looks, objects, [one for _, found in measured for one in found])

    @property
    def counts(self) -> np.ndarray:
        """(I,) objects of each image, crowds not counted."""
        return np.bincount(self.objects.single.image, minlength=len(self.records))

    @property
    def empty(self) -> np.ndarray:
        """Positions of the images without any object."""
        return np.flatnonzero(np.bincount(self.objects.image, minlength=len(self.records)) == 0)

    @property
    def shares(self) -> np.ndarray:
        """(N,) part of its image that each object covers, crowds left out."""
        single = self.objects.single
        return single.areas / self.sizes.prod(axis=1)[single.image]

    @property
    def aspect_ratios(self) -> np.ndarray:
        """(N,) height / width of the tight boxes, crowds left out."""
        extents = self.objects.single.extents
        return extents[:, 0] / extents[:, 1]

    def amounts(self, num_classes: int) -> np.ndarray:
        """(K,) objects of each class, crowds not counted."""
        return np.bincount(self.objects.single.classes, minlength=num_classes + 1)[1:]

    def images_of_classes(self, num_classes: int) -> np.ndarray:
        """(K,) images with each class, crowds not counted."""
        pairs = np.unique(np.stack([self.objects.single.image, self.objects.single.classes]), axis=1)
        return np.bincount(pairs[1], minlength=num_classes + 1)[1:]

    def statistics(self, classes: Sequence[str]) -> dict[str, Any]:
        """Numbers and sizes of the objects."""
        single = self.objects.single
        by_size = np.bincount(np.digitize(single.areas, [_SMALL, _MEDIUM]), minlength=3)
        return {
            "objects": len(single),
            "crowds": int(self.objects.crowd.sum()),
            "objects_of_class": dict(zip(classes, self.amounts(len(classes)).tolist(), strict=True)),
            "objects_by_size": dict(zip(("small", "medium", "large"), by_size.tolist(), strict=True)),
            "objects_per_image": quantiles(self.counts),
            "side": quantiles(single.sides),
            "area": quantiles(single.areas),
            "share_of_image": quantiles(self.shares),
            "aspect_ratio": quantiles(self.aspect_ratios),
        }


def _overlaps(record: ImageRecord, objects: Objects, index: int) -> list[Overlap]:
    """Pairs of objects, no crowds, whose masks are the same but for a few pixels; areas are compared first."""
    found = []
    for one in np.flatnonzero(~objects.crowd).tolist():
        others = np.arange(one + 1, len(objects))
        areas = objects.areas[one], objects.areas[others]
        alike = np.minimum(*areas) >= LEAST_OVERLAP * np.maximum(*areas)
        others = others[alike & ~objects.crowd[others]].tolist()
        if others:
            masks = [record.objects[other].mask for other in others]
            ious = rle.overlaps([record.objects[one].mask], masks, [False] * len(masks))[0]
            pairs = zip(others, ious.tolist(), strict=True)
            found += [Overlap(index, (one, other), iou) for other, iou in pairs if iou >= LEAST_OVERLAP]
    return found
