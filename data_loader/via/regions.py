"""The regions of VGG Image Annotator → masks and classes (https://www.robots.ox.ac.uk/~vgg/software/via/)."""

from typing import Any

import numpy as np

from base.rle import Rle
from data_loader.shapes import ellipse, number, polygon_mask, rectangle, shown
from data_loader.validation import UnusableError

NO_ATTRIBUTE = "object"
"""The class of all regions where none has an attribute."""


def attributes(region: Any) -> dict[str, Any]:
    """The attributes of a region; none where it has no whole ones."""
    found = region.get("region_attributes") if isinstance(region, dict) else None
    return found if isinstance(found, dict) else {}


def read_region(region: Any, attribute: str | None, size: tuple[int, int]) -> tuple[str, Rle]:
    """The class and the mask of a region.

    Args:
        region: as it is in the file.
        attribute: that has the class; None: there is one class.
        size: height and width of the image.

    Raises:
        UnusableError: it has no class, no area, or a shape that is not known.
    """
    label = NO_ATTRIBUTE if attribute is None else _label(attributes(region).get(attribute), attribute)
    shape = region.get("shape_attributes") if isinstance(region, dict) else None
    if not isinstance(shape, dict):
        raise UnusableError("region without a shape", f"received {shown(region)}")
    return label, polygon_mask(_polygon(shape), size)


def _label(value: Any, attribute: str) -> str:
    """The text of an attribute, or the one box of it that is ticked."""
    if isinstance(value, dict):
        ticked = [name for name, on in value.items() if on in (True, "true", "1", 1)]
        value = ticked[0] if len(ticked) == 1 else None
    if not isinstance(value, str) or not value.strip():
        raise UnusableError("region without a class", f"the attribute {attribute} is {shown(value)}")
    return value.strip()


def _polygon(shape: dict[str, Any]) -> np.ndarray:
    kind = shape.get("name")
    if kind in ("polygon", "polyline"):
        return _corners(shape)
    needed = {"rect": ("x", "y", "width", "height"), "circle": ("cx", "cy", "r"), "ellipse": ("cx", "cy", "rx", "ry")}
    if kind not in needed:
        raise UnusableError("shape without an area", f"the shape {shown(kind)} has no pixels of an object")
    values = [number(shape.get(key)) for key in needed[kind]]
    if kind == "rect":
        left, top, width, height = values
        return rectangle(left, top, left + width, top + height)
    if kind == "circle":
        x, y, radius = values
        return ellipse(x, y, radius, radius)
    x, y, half_width, half_height = values
    return ellipse(x, y, half_width, half_height, number(shape.get("theta", 0)))


def _corners(shape: dict[str, Any]) -> np.ndarray:
    across, down = shape.get("all_points_x"), shape.get("all_points_y")
    if not isinstance(across, list) or not isinstance(down, list) or len(across) != len(down):
        raise UnusableError("broken polygon", "all_points_x and all_points_y are no lists of equal length")
    return np.array([[number(x), number(y)] for x, y in zip(across, down, strict=True)]).reshape(-1, 2)
