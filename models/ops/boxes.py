"""Boxes: areas, overlaps, clipping.

Alphabet: `B` images, `N, M` boxes of one image. Boxes are `xyxy` in pixels; a pixel's center is at +0.5, so a
box's width is `x2 - x1`.
"""

from typing import Any

from keras import ops

Tensor = Any
"""A tensor of whichever backend Keras runs on."""


def coordinates(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """x1, y1, x2, y2, each (...), of boxes (..., 4): one operation, and faster to work on than a last axis of 4."""
    x1, y1, x2, y2 = ops.unstack(ops.convert_to_tensor(boxes), 4, axis=-1)
    return x1, y1, x2, y2


def area(boxes: Tensor) -> Tensor:
    """Area of each box in square pixels, 0 for an empty or inverted one: (..., 4) → (...)."""
    x1, y1, x2, y2 = coordinates(boxes)
    return ops.maximum(x2 - x1, 0) * ops.maximum(y2 - y1, 0)


def intersection(a: Tensor, b: Tensor) -> Tensor:
    """Area which each box of `a` shares with each of `b`: (..., N, 4), (..., M, 4) → (..., N, M)."""
    ax1, ay1, ax2, ay2 = (ops.expand_dims(x, -1) for x in coordinates(a))
    bx1, by1, bx2, by2 = (ops.expand_dims(x, -2) for x in coordinates(b))
    width = ops.minimum(ax2, bx2) - ops.maximum(ax1, bx1)
    height = ops.minimum(ay2, by2) - ops.maximum(ay1, by1)
    return ops.maximum(width, 0) * ops.maximum(height, 0)


def iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of each box of `a` with each of `b`, 0 (never NaN) where both are empty.

    Args:
        a: (..., N, 4).
        b: (..., M, 4).

    Returns:
        (..., N, M) in [0, 1].
    """
    shared = intersection(a, b)
    union = area(a)[..., :, None] + area(b)[..., None, :] - shared
    return shared / ops.where(union > 0, union, ops.ones_like(union))


def intersection_over_area(a: Tensor, b: Tensor) -> Tensor:
    """The share of each box of `a` that is inside each of `b`: (..., N, 4), (..., M, 4) → (..., N, M), 0 if empty."""
    own = area(a)[..., :, None]
    return intersection(a, b) / ops.where(own > 0, own, ops.ones_like(own))


def clip(boxes: Tensor, height: Any, width: Any) -> Tensor:
    """Move the corners that lie outside the image onto its border.

    Args:
        boxes: (..., 4), or (B, ..., 4) where the sizes are per image.
        height: pixels; a number or a tensor (B,).
        width: like `height`.

    Returns:
        The same shape and dtype.
    """

    def limit(value: Any) -> Tensor:
        value = ops.cast(ops.convert_to_tensor(value), boxes.dtype)
        missing = len(boxes.shape) - 1 - len(value.shape)
        return value[(..., *([None] * missing))] if len(value.shape) else value

    height, width = limit(height), limit(width)
    x1, y1, x2, y2 = (ops.maximum(x, 0) for x in coordinates(boxes))
    corners = (ops.minimum(x1, width), ops.minimum(y1, height), ops.minimum(x2, width), ops.minimum(y2, height))
    return ops.stack(corners, axis=-1)


def has_size(boxes: Tensor, min_size: float) -> Tensor:
    """Whether both sides are at least `min_size` pixels: (..., 4) → bool (...)."""
    x1, y1, x2, y2 = coordinates(boxes)
    return ops.logical_and(x2 - x1 >= min_size, y2 - y1 >= min_size)
