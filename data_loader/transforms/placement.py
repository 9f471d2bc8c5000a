"""Where an image is in the network's input: one affine map, composed of its parts.

Matrices are 3 × 3 and map points (x, y, 1) in pixels; a pixel's center is at +0.5.
"""

from dataclasses import dataclass

import numpy as np

from base.letterbox import Letterbox, Size, fit
from data_loader.config import AugmentConfig


@dataclass(frozen=True)
class Placement:
    """The map from the file's image into the input, and the part of the input that it fills.

    Attributes:
        matrix: (3, 3) float64.
        size: height and width of the image inside the input; it starts in the top left corner.
    """

    matrix: np.ndarray
    size: Size


def scaling(x: float, y: float) -> np.ndarray:
    """Multiplies both coordinates."""
    return np.diag([x, y, 1.0])


def translation(x: float, y: float) -> np.ndarray:
    """Adds to both coordinates."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def flipping(width: float) -> np.ndarray:
    """Mirrors left and right in an image of this width."""
    return np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def rotation(degrees: float, center: tuple[float, float]) -> np.ndarray:
    """Turns clockwise, as seen on the screen, about `center` (x, y)."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return translation(*center) @ turn @ translation(-center[0], -center[1])


def placement_of(geometry: Letterbox) -> Placement:
    """The map of a letterbox, exact for its rounded sides."""
    x, y = geometry.scale
    return Placement(scaling(1 / x, 1 / y), geometry.size)


def random_placement(size: Size, image_size: Size, config: AugmentConfig, rng: np.random.Generator) -> Placement:
    """Scale jitter, flip, small rotation and, where the image has outgrown `image_size`, a random crop."""
    factor = rng.uniform(*config.scale_range) if rng.random() < config.scale else 1.0
    placed = placement_of(fit(size, image_size, factor))
    height, width = placed.size
    matrix = placed.matrix
    if rng.random() < config.flip:
        matrix = flipping(width) @ matrix
    if rng.random() < config.rotation:
        degrees = rng.uniform(-config.max_degrees, config.max_degrees)
        matrix = rotation(degrees, (width / 2, height / 2)) @ matrix
    spare = max(0, height - image_size[0]), max(0, width - image_size[1])
    top, left = (int(rng.integers(pixels + 1)) for pixels in spare)
    return Placement(translation(-left, -top) @ matrix, (height - spare[0], width - spare[1]))
