"""Repeat factor sampling: images with rare classes are seen more often (Gupta et al. 2019, LVIS, appendix B.2)."""

from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

_UNIT = 1 << 16
"""Factors are multiples of 1 / 65,536: sums of them are exact, whatever their order."""


def repeat_factors(classes: Sequence[Collection[int]], threshold: float) -> np.ndarray:
    """How often each image is seen in an epoch, on average.

    A class in the part f of the images has r = max(1, sqrt(threshold / f)); an image has the largest r of its classes,
    and 1 without objects.

    Args:
        classes: of each of the N images its classes, each class once.
        threshold: classes in a smaller part of the images are repeated.

    Returns:
        (N,) float64, at least 1.
    """
    images_with = Counter(number for found in classes for number in found)
    factor = {number: np.sqrt(threshold * len(classes) / count) for number, count in images_with.items()}
    largest = np.array([max([1.0, *(factor[number] for number in found)]) for found in classes])
    return np.round(largest * _UNIT) / _UNIT


def repeated_order(factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """An epoch's images, shuffled; image i is in it `factors[i]` times on average, rounded up or down at random.

    The factors are put end to end in random order on a line, and an image is taken once for each whole number that
    falls into its part after a shift of the line (systematic sampling). So the length varies by at most 1.

    Args:
        factors: (N,) from `repeat_factors`.
        rng: the only source of randomness.

    Returns:
        Indices, as many as the sum of the factors, rounded down or up.
    """
    images = rng.permutation(len(factors))
    ends = np.floor(np.cumsum(factors[images]) + rng.random()).astype(np.int64)
    return rng.permutation(np.repeat(images, np.diff(ends, prepend=0)))
