"""Brightness, contrast, saturation and hue as one 3 × 4 matrix, and blur."""

import cv2
import numpy as np

from data_loader.config import AugmentConfig

_LUMA = np.array([0.299, 0.587, 0.114])
_TO_YIQ = np.array([_LUMA, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
_FROM_YIQ = np.linalg.inv(_TO_YIQ)
_MIDDLE = 127.5


def saturation_matrix(factor: float) -> np.ndarray:
    """(3, 3): 0 makes the image gray, 1 changes nothing; brightness stays."""
    return factor * np.eye(3) + (1 - factor) * np.tile(_LUMA, (3, 1))


def hue_matrix(degrees: float) -> np.ndarray:
    """(3, 3): turns the colors about the gray axis; brightness stays."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return _FROM_YIQ @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ _TO_YIQ


def color_matrix(brightness: float, contrast: float, saturation: float, hue_degrees: float) -> np.ndarray:
    """(3, 4) map of an RGB pixel (r, g, b, 1), values 0…255; the factors are 1 and the angle 0 for no change."""
    linear = brightness * contrast * saturation_matrix(saturation) @ hue_matrix(hue_degrees)
    offset = brightness * (1 - contrast) * _MIDDLE
    return np.hstack([linear, np.full((3, 1), offset)])


def jitter_color(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) uint8 RGB → the same with random brightness, contrast, saturation and hue."""
    brightness, contrast, saturation = (
        rng.uniform(1 - change, 1 + change) for change in (config.brightness, config.contrast, config.saturation)
    )
    hue = rng.uniform(-config.hue_degrees, config.hue_degrees)
    return cv2.transform(image, color_matrix(brightness, contrast, saturation, hue))


def blur(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) uint8 → the same with a Gaussian blur of random width."""
    return cv2.GaussianBlur(image, (0, 0), rng.uniform(*config.blur_sigma))
