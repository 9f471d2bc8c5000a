"""The entries of `model.losses` of a semantic segmentation. Imports no Keras."""

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from utils.config.section import Section

Frequency = Literal["inverse_frequency", "median_frequency"]
ClassWeight = Annotated[float, Field(ge=0, lt=math.inf)]


class LossConfig(Section):
    """What every loss has."""

    weight: float = Field(default=1.0, ge=0)
    """Factor of this loss in the sum."""


class PixelLossConfig(LossConfig):
    """What every loss has that is a mean over pixels."""

    class_weights: Annotated[tuple[ClassWeight, ...], Field(min_length=2)] | Frequency | None = None
    """Weights of the pixels by their label, background first; or from the pixels that each class has in the training
    images: total / (classes × pixels), or median frequency balancing. The loss is the weighted mean; null: all weigh
    the same."""


class CrossEntropyConfig(PixelLossConfig):
    """Cross entropy, pixel by pixel."""

    name: Literal["cross_entropy"] = "cross_entropy"
    """The loss."""
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    """Share of the target that is spread evenly over all classes (Szegedy et al. 2016)."""


class OhemConfig(PixelLossConfig):
    """Cross entropy of the hard pixels of a batch alone (online hard example mining, Shrivastava et al. 2016)."""

    name: Literal["ohem"] = "ohem"
    """The loss."""
    threshold: float = Field(default=0.7, ge=0, le=1)
    """A pixel is hard where the probability of its label is below this. 0: `min_kept` alone decides."""
    min_kept: float = Field(default=0.0625, gt=0, le=1)
    """The pixels of the highest loss, this part of all that are not ignored, are hard in any case."""


class FocalConfig(PixelLossConfig):
    """Focal loss (Lin et al. 2017): well classified pixels count less."""

    name: Literal["focal"] = "focal"
    """The loss."""
    gamma: float = Field(default=2.0, ge=0)
    """A pixel whose label has the probability p counts (1 − p) to this power; 0 is cross entropy."""


class BoundaryConfig(PixelLossConfig):
    """Cross entropy with a higher weight near boundaries between classes (Ronneberger et al. 2015, U-Net)."""

    name: Literal["boundary"] = "boundary"
    """The loss."""
    amplitude: float = Field(default=10.0, ge=0)
    """At d pixels from the nearest one of another class a pixel has the weight 1 + amplitude · exp(−d² / 2 sigma²)."""
    sigma: float = Field(default=5.0, gt=0, le=32)
    """See `amplitude`; beyond three times this distance the weight is 1. Pixels of the network's input."""


class OverlapLossConfig(LossConfig):
    """What every loss has that compares regions."""

    classes: Literal["present", "all"] = "present"
    """Over which classes the mean is: those that have a pixel in the labels, or all."""


class DiceConfig(OverlapLossConfig):
    """1 − Dice coefficient of the probabilities and the labels, the mean over classes (Milletari et al. 2016)."""

    name: Literal["dice"] = "dice"
    """The loss."""
    smooth: float = Field(default=1.0, ge=0)
    """Pixels that are added to numerator and denominator."""


class LovaszConfig(OverlapLossConfig):
    """Lovász-softmax (Berman et al. 2018): a convex extension of 1 − IoU, the mean over classes. All pixels are sorted
    once for each class, which takes time on a CPU."""

    name: Literal["lovasz_softmax"] = "lovasz_softmax"
    """The loss."""
    per_image: bool = False
    """The mean of the loss of each image, in place of one IoU over the batch."""


AnyLossConfig = Annotated[
    CrossEntropyConfig | OhemConfig | FocalConfig | BoundaryConfig | DiceConfig | LovaszConfig,
    Field(discriminator="name"),
]


def _each_once(losses: tuple[Any, ...]) -> tuple[Any, ...]:
    names = [loss.name for loss in losses]
    if len(set(names)) < len(names):
        raise ValueError(f"a loss is named twice in {', '.join(names)}: give each one entry with one weight")
    return losses


Losses = Annotated[tuple[AnyLossConfig, ...], Field(min_length=1), AfterValidator(_each_once)]
"""The type of `model.losses`: their weighted sum is minimized."""
