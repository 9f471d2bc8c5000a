"""Boxes: areas, overlaps, clipping.

Alphabet: `B` images, `N, M` boxes of one image. Boxes are `xyxy` in pixels; a pixel's centre is at +0.5, so a
box's width is `x2 - x1`.
"""

from typing import Any

from keras import ops

Tensor = Any
"""A tensor of whichever backend Keras runs on."""


def area(boxes: Tensor) -> Tensor:
    """Area of each box in square pixels, 0 for an empty or inverted one: (..., 4) → (...)."""
    return ops.maximum(boxes[..., 2] - boxes[..., 0], 0) * ops.maximum(boxes[..., 3] - boxes[..., 1], 0)


def intersection(a: Tensor, b: Tensor) -> Tensor:
    """Area which each box of `a` shares with each of `b`: (..., N, 4), (..., M, 4) → (..., N, M)."""
    # The coordinates are taken apart first: elementwise work on a trailing axis of 2 is several times slower.
    ax1, ay1, ax2, ay2 = (a[..., :, None, i] for i in range(4))
    bx1, by1, bx2, by2 = (b[..., None, :, i] for i in range(4))
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
    """The share of each box of `a` that lies in each of `b`: (..., N, 4), (..., M, 4) → (..., N, M), 0 if empty."""
    own = area(a)[..., :, None]
    return intersection(a, b) / ops.where(own > 0, own, ops.ones_like(own))


def clip(boxes: Tensor, height: Any, width: Any) -> Tensor:
    """Move the corners that lie outside the picture onto its border.

    Args:
        boxes: (..., 4), or (B, ..., 4) where the sizes are per picture.
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
    x1, y1, x2, y2 = (ops.maximum(boxes[..., i], 0) for i in range(4))
    corners = (ops.minimum(x1, width), ops.minimum(y1, height), ops.minimum(x2, width), ops.minimum(y2, height))
    return ops.stack(corners, axis=-1)


def has_size(boxes: Tensor, min_size: float) -> Tensor:
    """Whether both sides are at least `min_size` pixels: (..., 4) → bool (...)."""
    wide = boxes[..., 2] - boxes[..., 0] >= min_size
    high = boxes[..., 3] - boxes[..., 1] >= min_size
    return ops.logical_and(wide, high)
