"""Pixels of an image counted by true and predicted label: whole numbers, which are exact however they are added up.

Alphabet: `C` = K + 1 labels, the background first.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from base.batch import IGNORE
from evaluation.boundary import boundary_pixels, boundary_width

REGIONS = ("hits", "true", "found", "boundary_shared", "boundary_either")
"""Of each label: pixels that are right, that have it, that are predicted to have it, and those of the boundaries."""


@dataclass(frozen=True)
class PixelCounts:
    """Of one image or of many.

    Attributes:
        confusion: (C, C) int64: row of the ground truth, column of the prediction; ignored pixels are in none.
        boundary_shared: (C,) int64: pixels in the boundaries of both the true and the predicted region of a label.
        boundary_either: (C,) int64: pixels in one of them or both; both are 0 where no boundaries are counted.
    """

    confusion: np.ndarray
    boundary_shared: np.ndarray
    boundary_either: np.ndarray

    @property
    def regions(self) -> np.ndarray:
        """(5, C) int64: all that metrics need, in the order of `REGIONS`."""
        hits, true, found = np.diag(self.confusion), self.confusion.sum(1), self.confusion.sum(0)
        return np.stack([hits, true, found, self.boundary_shared, self.boundary_either])

    @classmethod
    def none(cls, channels: int) -> "PixelCounts":
        """No pixel."""
        zeros = np.zeros(channels, np.int64)
        return cls(np.zeros((channels, channels), np.int64), zeros, zeros)

    def __add__(self, other: "PixelCounts") -> "PixelCounts":
        return PixelCounts(
            self.confusion + other.confusion,
            self.boundary_shared + other.boundary_shared,
            self.boundary_either + other.boundary_either,
        )


def count_pixels(truth: np.ndarray, found: np.ndarray, channels: int, boundary: bool = True) -> PixelCounts:
    """Counts the pixels of one image.

    Args:
        truth: (h, w) uint8, 0…C-1 or 255, which is ignored.
        found: (h, w) uint8, 0…C-1.
        channels: C.
        boundary: whether boundaries are counted too.
    """
    counted = truth != IGNORE
    pairs = truth[counted].astype(np.intp) * channels + found[counted]
    confusion = np.bincount(pairs, minlength=channels**2).reshape(channels, channels).astype(np.int64)
    shared, either = np.zeros(channels, np.int64), np.zeros(channels, np.int64)
    if boundary:
        masked = np.where(counted, found, np.uint8(IGNORE))
        for label in np.flatnonzero(confusion.sum(0) + confusion.sum(1)):
            shared[label], either[label] = _boundaries(truth == label, masked == label)
    return PixelCounts(confusion, shared, either)


def _boundaries(truth: np.ndarray, found: np.ndarray) -> tuple[int, int]:
    """Pixels in both boundaries and in any of them."""
    width = boundary_width(*truth.shape)
    left, top, wide, high = cv2.boundingRect((truth | found).astype(np.uint8))
    inside = slice(top, top + high), slice(left, left + wide)
    one, other = (boundary_pixels(mask[inside], width) for mask in (truth, found))
    return int(np.count_nonzero(one & other)), int(np.count_nonzero(one | other))
