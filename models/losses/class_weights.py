"""Weights of classes from how often they occur. NumPy alone."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from base.class_pixels import ClassPixels
from models.losses.config import AnyLossConfig, PixelLossConfig
from utils.errors import UserError

_LOGGER = logging.getLogger("maskeras")


def inverse_frequency(pixels: np.ndarray) -> np.ndarray:
    """total / (number of classes · pixels of the class), so that the mean weight of the pixels is 1.

    That of `class_weight="balanced"` in scikit-learn, after King and Zeng 2001.

    Args:
        pixels: (C,) that have each label, over all images.

    Returns:
        (C,) float64; 0 for a class without a pixel, which is not counted as a class.

    Raises:
        UserError: no class has a pixel, or a number is negative.
    """
    counts, present = _checked(pixels)
    return _where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)))


def median_frequency(pixels: np.ndarray, image_pixels: np.ndarray) -> np.ndarray:
    """Median frequency balancing (Eigen and Fergus 2015): median of all frequencies / frequency.

    The frequency of a class is its share of the pixels of those images that have it.

    Args:
        pixels: (C,) that have each label, over all images.
        image_pixels: (C,) not ignored, of the images in which the label occurs.

    Returns:
        (C,) float64; 0 for a class without a pixel, which is left out of the median.

    Raises:
        UserError: no class has a pixel, a number is negative, or a class has more pixels than its images.
    """
    counts, present = _checked(pixels)
    wholes, _ = _checked(image_pixels)
    if wholes.shape != counts.shape or (wholes < counts).any():
        raise UserError(f"image_pixels are {wholes.tolist()} for the pixels {counts.tolist()}: they hold those as well")
    frequencies = counts / np.maximum(wholes, 1)
    return _where(present, np.median(frequencies[present]) / np.where(present, frequencies, 1))


def with_class_weights(losses: Sequence[AnyLossConfig], count: Callable[[], ClassPixels]) -> tuple[AnyLossConfig, ...]:
    """The losses with numbers in place of `"inverse_frequency"` and `"median_frequency"`, which are logged.

    To be called before the model is made: its checkpoints then hold the numbers, and nothing is counted again.

    Args:
        losses: the section `model.losses`.
        count: gives the pixels of each class; called where a loss needs them.

    Raises:
        UserError: as `median_frequency`.
    """
    if not any(_by_frequency(loss) for loss in losses):
        return tuple(losses)
    counts = count()
    return tuple(_with_numbers(loss, counts) if _by_frequency(loss) else loss for loss in losses)


def _by_frequency(loss: AnyLossConfig) -> bool:
    return isinstance(loss, PixelLossConfig) and isinstance(loss.class_weights, str)


def _with_numbers(loss: Any, counts: ClassPixels) -> Any:
    if loss.class_weights == "inverse_frequency":
        weights = inverse_frequency(counts.pixels)
    else:
        weights = median_frequency(counts.pixels, counts.image_pixels)
    shown = ", ".join(f"{weight:.3g}" for weight in weights)
    _LOGGER.info("model.losses: class weights of %s by %s: %s", loss.name, loss.class_weights, shown)
    return loss.model_copy(update={"class_weights": tuple(weights.tolist())})


def _checked(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float64 and which are above 0."""
    counts = np.asarray(pixels, np.float64)
    present = counts > 0
    if not present.any() or (counts < 0).any():
        raise UserError(f"received {counts.tolist()} pixels of the classes: class weights need labels that have some")
    return counts, present


def _where(present: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.where(present, values, 0.0)
