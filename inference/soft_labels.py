"""Probabilities of the labels, averaged over views and tiles: test-time augmentation and sliding windows.

They stay in the network's resolution until one class after the other is resized: an image of 24 million pixels and 21
classes would else need 2 GB.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from base.batch import Batch, Size
from base.letterbox import Letterbox, resize
from base.view import View, Window
from utils.errors import UserError

_NEGLIGIBLE = 1e-3
"""A class that has no higher probability anywhere in a view is left out of it."""

Channels = Mapping[int, np.ndarray]
"""Label → (h, w) float32 probabilities in pixels of the input; those of labels left out are 0."""


@dataclass(frozen=True)
class SoftLabels:
    """The probabilities of one window, the mean of its views.

    Attributes:
        size: height and width of the window in pixels of the image.
        channels: K + 1, the background included.
        views: of each its probabilities, turned back where the view was flipped; they may have different sizes.
    """

    size: Size
    channels: int
    views: tuple[Channels, ...]

    @classmethod
    def of(
        cls, probabilities: np.ndarray, geometry: Letterbox, num_classes: int, view: View | None = None
    ) -> "SoftLabels":
        """What a network gave for one image.

        Args:
            probabilities: (H, W, K + 1) in pixels of the input, the background first.
            geometry: how the image was resized.
            num_classes: K.
            view: how it was flipped; None: it was not.

        Raises:
            ValueError: there are not K + 1, or one is not finite.
        """
        height, width = geometry.size
        inside = probabilities[:height, :width].astype(np.float32, copy=False)
        if inside.shape[-1] != num_classes + 1:
            raise ValueError(f"probabilities of {inside.shape[-1]} labels were predicted for {num_classes} classes")
        if not np.isfinite(inside).all():
            raise ValueError("a probability is not finite: did the training diverge?")
        if view is not None:
            inside = inside[:: -1 if view.flip_y else 1, :: -1 if view.flip_x else 1]
        highest = inside.max(axis=(0, 1))
        kept = np.flatnonzero(highest >= min(_NEGLIGIBLE, highest.max()))
        return cls(
            geometry.original, num_classes + 1, ({label: inside[:, :, label].copy() for label in kept.tolist()},)
        )

    @property
    def candidates(self) -> list[int]:
        """The labels that can be the most probable one somewhere: a mean of the least 1 / (K + 1) needs as much once.

        Resizing makes no probability higher than its highest neighbor.
        """
        least = (1 - self.channels * _NEGLIGIBLE) / self.channels
        highest = [
            max(float(view[label].max()) if label in view else 0.0 for view in self.views)
            for label in range(self.channels)
        ]
        return [label for label in range(self.channels) if highest[label] >= min(least, max(highest))]

    def plane(self, label: int) -> np.ndarray:
        """(height, width) float32: the mean probability of a label, bilinear in the window's own pixels."""
        total = np.zeros(self.size, np.float32)
        for view in self.views:
            if label in view:
                total += resize(view[label], self.size)
        return total / np.float32(len(self.views))

    def labels(self) -> np.ndarray:
        """(height, width) uint8: the most probable label; of equal ones the smallest."""
        return most_probable((label, self.plane(label)) for label in self.candidates)


def soft_labels_of(
    predictions: Mapping[str, np.ndarray], batch: Batch, num_classes: int, view: View | None = None
) -> SoftLabels:
    """The probabilities of one window.

    Args:
        predictions: with `probabilities`, and an axis of one image.
        batch: its row of the batch.
        num_classes: K.
        view: how the window was flipped; None: it was not.

    Raises:
        UserError: there are no probabilities.
        ValueError: there are not K + 1 of them, or one is not finite.
    """
    if "probabilities" not in predictions:
        raise UserError(
            f"tiles and test-time augmentation average `probabilities`, and this model predicts {sorted(predictions)}: "
            "let its predict_soft give them as well, see base/base_model.py"
        )
    return SoftLabels.of(predictions["probabilities"][0], Letterbox.of(batch, 0), num_classes, view)


def fuse(
    found: Sequence[tuple[Mapping[str, np.ndarray], Batch]], views: Sequence[View], num_classes: int
) -> SoftLabels:
    """The probabilities of one window, the mean of those of its views.

    Args:
        found: of each view what the network predicted and its row of the batch, see `soft_labels_of`.
        views: how the window was flipped and resized.
        num_classes: K.

    Raises:
        UserError, ValueError: as `soft_labels_of`.
    """
    soft = [
        soft_labels_of(predictions, batch, num_classes, view)
        for (predictions, batch), view in zip(found, views, strict=True)
    ]
    return SoftLabels(soft[0].size, num_classes + 1, tuple(view for one in soft for view in one.views))


def merge(parts: Sequence[SoftLabels], windows: Sequence[Window], size: Size) -> np.ndarray:
    """The labels of an image from the probabilities of its windows: each pixel has the mean of those that see it.

    Args:
        parts: of each window.
        windows: in pixels of the image; together they cover it.
        size: height and width of the image.

    Returns:
        (height, width) uint8.
    """
    candidates = sorted({label for part in parts for label in part.candidates})
    return most_probable((label, _total(parts, windows, size, label)) for label in candidates)


def most_probable(planes: Iterator[tuple[int, np.ndarray]]) -> np.ndarray:
    """(h, w) uint8: the label of the highest plane (h, w) at each pixel; of equal ones the first."""
    first, best = next(planes)
    labels = np.full(best.shape, first, np.uint8)
    for label, plane in planes:
        better = plane > best
        labels[better] = label
        best = np.maximum(best, plane)
    return labels


def _total(parts: Sequence[SoftLabels], windows: Sequence[Window], size: Size, label: int) -> np.ndarray:
    """The sum over the windows; how many see a pixel is the same for all labels."""
    total = np.zeros(size, np.float32)
    for part, (x0, y0, x1, y1) in zip(parts, windows, strict=True):
        total[y0:y1, x0:x1] += part.plane(label)
    return total
