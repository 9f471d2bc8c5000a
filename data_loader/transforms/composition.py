"""A training image in the making: its pixels, its objects, and how they are drawn from raw samples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base.batch import Sample
from data_loader.transforms.objects import PlacedObject, placed_objects
from data_loader.transforms.placement import Placement
from data_loader.transforms.warp import warp_image


@dataclass(frozen=True)
class Composition:
    """Pixels and objects that agree.

    Attributes:
        image: (h, w, 3) uint8 RGB, at most as large as the input.
        objects: those in it.
        scale: (2,) factors x and y from the file's image, the first one of a mosaic, to the input.
    """

    image: np.ndarray
    objects: list[PlacedObject]
    scale: np.ndarray


def warped(sample: Sample, placement: Placement, min_kept_area: float) -> Composition:
    """A raw sample through one warp."""
    objects = placed_objects(sample, placement, min_kept_area)
    return Composition(warp_image(sample["image"], placement), objects, placement.scale)


def another(source: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """A raw sample, each with the same probability."""
    return source[int(rng.integers(len(source)))]
