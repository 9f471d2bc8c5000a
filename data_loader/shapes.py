"""Shapes that annotation tools write → masks: polygons, rectangles, circles and ellipses, in pixels of the image."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from base import rle
from base.polygons import rasterize
from base.rle import Rle
from data_loader.validation import UnusableError

_FEWEST_CORNERS, _MOST_CORNERS = 32, 720
_SHOWN = 60


def polygon_mask(corners: np.ndarray, size: tuple[int, int]) -> Rle:
    """The mask of one polygon, by the even-odd rule: cut lines of no width in it have no pixels.

    Args:
        corners: (N, 2) x and y in pixels.
        size: height and width of the image.

    Raises:
        UnusableError: fewer than three corners, one that is no place near the image, or no pixel of it is inside.
    """
    try:
        mask = rasterize([corners], *size)
    except ValueError as error:
        raise UnusableError("broken polygon", str(error)) from error
    return checked(mask)


def checked(mask: Rle) -> Rle:
    """The mask itself, where it has a pixel.

    Raises:
        UnusableError: it has none.
    """
    if not rle.area(mask):
        raise UnusableError("empty mask", "no pixel of the image is in it")
    return mask


def points(given: Any) -> np.ndarray:
    """A list of x and y pairs as it is in a JSON file → (N, 2) float64.

    Raises:
        UnusableError: it is none, or a value is no number.
    """
    if not isinstance(given, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in given):
        raise UnusableError("broken polygon", f"the points are no pairs of x and y: {shown(given)}")
    return np.array([[number(value) for value in pair] for pair in given], np.float64).reshape(-1, 2)


def number(value: Any) -> float:
    """A finite number of a JSON file.

    Raises:
        UnusableError: it is none.
    """
    try:
        if type(value) in (int, float) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer of more digits than a float can hold
        pass
    raise UnusableError("broken polygon", f"a coordinate is no number: {shown(value)}")


def rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """The corners of a rectangle, (4, 2)."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def ellipse(x: float, y: float, radius_x: float, radius_y: float, theta: float = 0.0) -> np.ndarray:
    """An ellipse as a polygon whose corners are about a pixel apart, (N, 2).

    Args:
        x, y: its center.
        radius_x, radius_y: half its axes.
        theta: its turn in radians, clockwise as an image is shown.

    Raises:
        UnusableError: a radius is not above 0, or far larger than any image.
    """
    if not (0 < radius_x < 1e6 and 0 < radius_y < 1e6):
        raise UnusableError("broken shape", f"the radii are {radius_x} and {radius_y}")
    count = int(np.clip(2 * math.pi * max(radius_x, radius_y), _FEWEST_CORNERS, _MOST_CORNERS))
    angles = np.arange(count) * (2 * math.pi / count)
    across, down = radius_x * np.cos(angles), radius_y * np.sin(angles)
    cosine, sine = math.cos(theta), math.sin(theta)
    return np.stack([x + across * cosine - down * sine, y + across * sine + down * cosine], axis=1)


def joined_parts(parts: Sequence[Rle]) -> Rle:
    """The mask of all parts of one object."""
    return parts[0] if len(parts) == 1 else rle.union(parts)


def shown(value: Any) -> str:
    """A value of a file, short enough for a message."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
