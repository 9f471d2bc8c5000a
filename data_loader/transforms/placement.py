"""Where an image is in the network's input: one affine map, composed of its parts.

Matrices are 3 × 3 and map points (x, y, 1) in pixels; a pixel's center is at +0.5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base.batch import Size
from base.letterbox import Letterbox, fit
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

    @property
    def scale(self) -> np.ndarray:
        """(2,) factors of the axes x and y from the file's image to the input, rotated or not."""
        return np.hypot(self.matrix[0, :2], self.matrix[1, :2])


def scaling(x: float, y: float) -> np.ndarray:
    """Multiplies both coordinates."""
    return np.diag([x, y, 1.0])


def translation(x: float, y: float) -> np.ndarray:
    """Adds to both coordinates."""
    return np.array([[1.0, 0.0, x], [0.0, 1.0, y], [0.0, 0.0, 1.0]])


def flipping(width: float) -> np.ndarray:
    """Mirrors left and right in an image of this width."""
    return np.array([[-1.0, 0.0, width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def flipping_down(height: float) -> np.ndarray:
    """Mirrors top and bottom in an image of this height."""
    return np.array([[1.0, 0.0, 0.0], [0.0, -1.0, height], [0.0, 0.0, 1.0]])


def rotation(degrees: float, center: tuple[float, float]) -> np.ndarray:
    """Turns clockwise, as seen on the screen, about `center` (x, y)."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
    return translation(*center) @ turn @ translation(-center[0], -center[1])


def happens(probability: float, rng: np.random.Generator) -> bool:
    """Draws nothing where the probability is 0, so that a change that is off leaves all other draws as they are."""
    return probability > 0 and rng.random() < probability


def placement_of(geometry: Letterbox) -> Placement:
    """The map of a letterbox, exact for its rounded sides."""
    x, y = geometry.scale
    return Placement(scaling(1 / x, 1 / y), geometry.size)


def random_placement(size: Size, image_size: Size, config: AugmentConfig, rng: np.random.Generator) -> Placement:
    """Scale jitter, flips, small rotation and, where the image has outgrown `image_size`, a random crop."""
    placed = jittered(size, image_size, config, rng)
    window = min(placed.size[0], image_size[0]), min(placed.size[1], image_size[1])
    return within(window, placed, (0.0, 0.0), rng)


def jittered(size: Size, image_size: Size, config: AugmentConfig, rng: np.random.Generator) -> Placement:
    """Scale jitter, flips and small rotation; the result may be larger than `image_size`."""
    factor = rng.uniform(*config.scale_range) if rng.random() < config.scale else 1.0
    placed = placement_of(fit(size, image_size, factor))
    height, width = placed.size
    matrix = placed.matrix
    if rng.random() < config.flip:
        matrix = flipping(width) @ matrix
    if happens(config.vertical_flip, rng):
        matrix = flipping_down(height) @ matrix
    if rng.random() < config.rotation:
        degrees = rng.uniform(-config.max_degrees, config.max_degrees)
        matrix = rotation(degrees, (width / 2, height / 2)) @ matrix
    return Placement(matrix, placed.size)


def within(window: Size, placed: Placement, where: Sequence[float], rng: np.random.Generator) -> Placement:
    """An image behind a window: cropped at random along an axis where it is larger.

    Args:
        window: height and width, the result's size.
        placed: the image.
        where: for y and x, how much of the window's free space is before the image where it is smaller: 0…1.
        rng: chooses the crop.
    """
    shifts = []
    for length, space, part in zip(placed.size, window, where, strict=True):
        crop = int(rng.integers(length - space + 1)) if length > space else 0
        shifts.append(-crop if crop else round(part * max(0, space - length)))
    top, left = shifts
    return Placement(translation(left, top) @ placed.matrix, window)
