"""The shapes of LabelMe → objects (https://github.com/wkentaro/labelme)."""

import base64
import binascii
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from base import rle
from base.rle import Rle
from data_loader.errors import DataError
from data_loader.mask_images import values_of
from data_loader.shapes import checked, ellipse, points, polygon_mask, rectangle, shown
from data_loader.validation import UnusableError

Shape = tuple[str, Any, Rle]
"""Label, group and mask."""


def read_shape(shape: Any, size: tuple[int, int]) -> Shape:
    """The label, the group and the mask of a shape.

    Raises:
        UnusableError: it has no label or points, no area, or a type that is not known.
    """
    if not isinstance(shape, dict):
        raise UnusableError("no shape", f"received {shown(shape)}")
    label, group = shape.get("label"), shape.get("group_id")
    if not isinstance(label, str) or not label.strip():
        raise UnusableError("shape without a label", f"received {shown(label)}")
    if not (group is None or isinstance(group, (int, str))):
        raise UnusableError("broken group_id", f"received {shown(group)}")
    return label.strip(), group, checked(_mask(shape, size))


def objects(shapes: Iterable[Shape]) -> list[tuple[str, Rle]]:
    """Label and mask of the objects; shapes of one label and group are parts of one."""
    parts: dict[Any, list[Rle]] = {}
    for position, (label, group, mask) in enumerate(shapes):
        parts.setdefault((label, position) if group is None else (label, "group", group), []).append(mask)
    return [(key[0], masks[0] if len(masks) == 1 else rle.union(masks)) for key, masks in parts.items()]


def _mask(shape: dict[str, Any], size: tuple[int, int]) -> Rle:
    kind = shape.get("shape_type") or "polygon"
    corners = points(shape.get("points"))
    if kind in ("polygon", "oriented_rectangle"):
        return polygon_mask(corners, size)
    if kind not in ("rectangle", "circle", "mask"):
        raise UnusableError("shape without an area", f"the type {shown(kind)} has no pixels of an object")
    if len(corners) != 2:
        raise UnusableError("broken shape", f"a {kind} has 2 points; received {len(corners)}")
    (left, top), (right, bottom) = corners
    if kind == "rectangle":
        return polygon_mask(rectangle(left, top, right, bottom), size)
    if kind == "circle":
        radius = math.hypot(right - left, bottom - top)
        return polygon_mask(ellipse(left, top, radius, radius), size)
    return _pasted(shape.get("mask"), corners, size)


def _pasted(given: Any, corners: np.ndarray, size: tuple[int, int]) -> Rle:
    """A PNG in base64 whose first and last pixels are at the two points."""
    (left, top), (right, bottom) = np.rint(np.clip(corners, -1, 1e6)).astype(int)
    if not (0 <= left <= right < size[1] and 0 <= top <= bottom < size[0]):
        raise UnusableError("broken mask", f"its points {corners.tolist()} are not both in the image")
    try:
        found = values_of(base64.b64decode(given, validate=True), "its PNG")
    except (TypeError, ValueError, binascii.Error) as error:
        raise UnusableError("broken mask", f"it is no base64 ({error})") from None
    except DataError as error:
        raise UnusableError("broken mask", str(error)) from None
    expected = (bottom - top + 1, right - left + 1)
    if found.shape != expected:
        raise UnusableError("broken mask", f"it is {found.shape} (height, width), its points make {expected}")
    whole = np.zeros(size, np.uint8)
    whole[top : bottom + 1, left : right + 1] = found != 0
    return rle.encode(whole)
