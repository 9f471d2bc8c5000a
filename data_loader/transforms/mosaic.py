"""Mosaic: four images around a random center of the input (Bochkovskiy et al. 2020, YOLOv4)."""

import math
from collections.abc import Sequence

import numpy as np

from base.batch import Sample, Size
from data_loader.config import AugmentConfig
from data_loader.transforms.composition import Composition, another, warped
from data_loader.transforms.placement import jittered, within

_CENTER = (0.25, 0.75)
"""Where the center may be, as a part of the input's sides."""


def mosaic(
    sample: Sample, others: Sequence[Sample], input_size: Size, config: AugmentConfig, rng: np.random.Generator
) -> Composition:
    """Four images with a corner at the center; each is warped once.

    An image is scaled to cover its quarter of the input, jittered, and cropped at random where it is larger; where the
    jitter makes it smaller, the rest of the quarter is `NEUTRAL`.

    Args:
        sample: the raw sample that is in one of the quarters.
        others: raw samples; three of them fill the other quarters.
        input_size: (H, W), the size of the result.
        config: the jitter and the part of an object that must be left.
        rng: the only source of randomness.
    """
    center = [round(side * rng.uniform(*_CENTER)) for side in input_size]
    image, objects, scales = np.empty((*input_size, 3), np.uint8), [], []
    labels = np.empty(input_size, np.uint8) if "labels" in sample else None
    for number, quarter in enumerate(rng.permutation(4).tolist()):
        item = another(others, rng) if number else sample
        (top, bottom, above), (left, right, before) = (
            (0, middle, 1.0) if first else (middle, side, 0.0)
            for middle, side, first in zip(center, input_size, (quarter < 2, quarter % 2 == 0), strict=True)
        )
        window = bottom - top, right - left
        placed = jittered(item["image"].shape[:2], _covering(item["image"].shape[:2], window), config, rng)
        part = warped(item, within(window, placed, (above, before), rng), config.min_kept_area)
        image[top:bottom, left:right] = part.image
        if labels is not None and part.labels is not None:
            labels[top:bottom, left:right] = part.labels
        objects += [found.shifted(top, left) for found in part.objects]
        scales.append(part.scale)
    return Composition(image, objects, scales[0], labels)


def _covering(size: Size, window: Size) -> Size:
    """The smallest size of the same aspect ratio that leaves nothing of the window free."""
    scale = max(window[0] / size[0], window[1] / size[1])
    return math.ceil(size[0] * scale), math.ceil(size[1] * scale)
