"""How often each label occurs in the training images: what weights of classes by their frequency come from."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from base.batch import IGNORE


@dataclass(frozen=True)
class ClassPixels:
    """Counts over the training images, in the size of the files.

    Attributes:
        pixels: (K + 1,) int64, the pixels with the label 0…K.
        image_pixels: (K + 1,) int64, of the images in which the label occurs all pixels that are not ignored.
    """

    pixels: np.ndarray
    image_pixels: np.ndarray


def pixels_of_labels(labels: np.ndarray) -> np.ndarray:
    """(h, w) uint8 or int → (256,) int64, the pixels of each value."""
    return np.bincount(labels.reshape(-1), minlength=IGNORE + 1)


def sum_pixels(images: Iterable[np.ndarray], num_classes: int) -> ClassPixels:
    """Sums over images.

    Args:
        images: of each the number of pixels of each label, (256,) int64.
        num_classes: K.
    """
    pixels, image_pixels = np.zeros((2, num_classes + 1), np.int64)
    for counts in images:
        of_labels = counts[: num_classes + 1]
        pixels += of_labels
        image_pixels += np.where(of_labels > 0, of_labels.sum(), 0)
    return ClassPixels(pixels, image_pixels)
