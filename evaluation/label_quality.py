"""How good the labels of each image are, to find the worst ones, and which labels are taken for which."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base.analysis import AnalyzedImage
from evaluation.pixel_counts import PixelCounts
from evaluation.pixel_metrics import summary

_WORTH_NAMING = 0.01
"""A confusion is named where it is this part of the image's pixels."""

Mistake = tuple[int, int, int, float]
"""True label, predicted label, pixels, and these as a part of the pixels with the true label."""


@dataclass(frozen=True)
class LabelQuality:
    """One image.

    Attributes:
        image_id: in the ground truth.
        quality: its mIoU over the labels that are in its ground truth or prediction; 1 where all is ignored.
        accuracy: the part of its pixels that is right; 1 where all is ignored.
        classes: names of the classes of its ground truth and prediction.
        errors: its confusions of at least a hundredth of its pixels, `cat as dog`, the most frequent first.
    """

    image_id: int
    quality: float
    accuracy: float
    classes: tuple[str, ...]
    errors: tuple[str, ...]

    def analyzed(self) -> AnalyzedImage:
        """For a report."""
        caption = f"image {self.image_id}: mIoU {self.quality:.2f}, {self.accuracy:.1%} of the pixels right"
        attributes = {
            "class": self.classes,
            "error": self.errors,
            "quality": self.quality,
            "pixel accuracy": self.accuracy,
        }
        return AnalyzedImage(self.image_id, "\n".join([caption, *self.errors]), attributes)


def label_quality(image_id: int, counts: PixelCounts, names: Sequence[str], background: bool) -> LabelQuality:
    """That of one image.

    Args:
        image_id: of the image.
        counts: its pixels.
        names: of the C labels.
        background: whether label 0 is in the mean.
    """
    means = summary(counts.regions, background)
    every = counts.confusion.sum()
    present = np.flatnonzero(counts.confusion.sum(0) + counts.confusion.sum(1)).tolist()
    errors = [(true, found) for true, found, pixels, _ in mistakes(counts.confusion) if pixels >= _WORTH_NAMING * every]
    return LabelQuality(
        image_id,
        _or_perfect(means["mIoU"]),
        _or_perfect(means["pixel_accuracy"]),
        tuple(names[label] for label in present if label),
        tuple(f"{names[true]} as {names[found]}" for true, found in errors),
    )


def mistakes(confusion: np.ndarray) -> list[Mistake]:
    """All pairs of labels that were confused, the most pixels first."""
    wrong = confusion * (1 - np.eye(len(confusion), dtype=confusion.dtype))
    pairs = sorted(np.argwhere(wrong > 0).tolist(), key=lambda pair: -wrong[tuple(pair)])
    return [
        (true, found, int(wrong[true, found]), float(wrong[true, found] / confusion[true].sum()))
        for true, found in pairs
    ]


def _or_perfect(value: float) -> float:
    return 1.0 if np.isnan(value) else value
