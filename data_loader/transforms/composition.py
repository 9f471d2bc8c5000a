"""A training image in the making: its pixels, its objects or labels, and how they are drawn from raw samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base.batch import Sample
from data_loader.transforms.objects import PlacedObject, placed_objects
from data_loader.transforms.placement import Placement
from data_loader.transforms.warp import warp_image, warp_labels


@dataclass(frozen=True)
class Composition:
    """Pixels and objects, or labels, that agree.

    Attributes:
        image: (h, w, 3) uint8 RGB, at most as large as the input.
        objects: those in it; none where there are labels.
        scale: (2,) factors x and y from the file's image, the first one of a mosaic, to the input.
        labels: (h, w) uint8, 0 background, 1…K, 255 ignored; None where there are objects.
    """

    image: np.ndarray
    objects: list[PlacedObject]
    scale: np.ndarray
    labels: np.ndarray | None = None


def warped(sample: Sample, placement: Placement, min_kept_area: float) -> Composition:
    """A raw sample through one warp: the image with its objects, or with its labels where it has these."""
    image = warp_image(sample["image"], placement)
    if "labels" in sample:
        return Composition(image, [], placement.scale, warp_labels(sample["labels"], placement))
    return Composition(image, placed_objects(sample, placement, min_kept_area), placement.scale)


def another(source: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """A raw sample, each with the same probability."""
    return source[int(rng.integers(len(source)))]
