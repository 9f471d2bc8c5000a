"""How a box is written as an offset from an anchor (R-CNN, Girshick et al. 2014, appendix C).

Alphabet: boxes and anchors `xyxy` in pixels, deltas `(dx, dy, dw, dh)` times the weights.
"""

import math
from dataclasses import dataclass

from keras import ops

from models.ops.boxes import Tensor, coordinates


def _center_form(boxes: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Center x, center y, width, height, each (...)."""
    x1, y1, x2, y2 = coordinates(ops.cast(boxes, "float32"))
    width, height = x2 - x1, y2 - y1
    return x1 + 0.5 * width, y1 + 0.5 * height, width, height


def _positive(size: Tensor) -> Tensor:
    """The size, or 1 where it is not positive, so that neither a division nor a logarithm of padding is infinite."""
    return ops.where(size > 0, size, ops.ones_like(size))


@dataclass(frozen=True)
class BoxCoder:
    """Encodes boxes against anchors and decodes them again; `decode(encode(b, a), a) == b`.

    Attributes:
        weights: factors of (dx, dy, dw, dh); they bring the targets to about unit variance.
        max_scale: the largest growth of a side that is decoded; keeps `exp` finite at the start of a training.
    """

    weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    max_scale: float = 1000.0 / 16.0

    def __post_init__(self) -> None:
        if len(self.weights) != 4 or min(self.weights) <= 0:
            raise ValueError(f"BoxCoder takes 4 positive weights (dx, dy, dw, dh), received {self.weights!r}")

    def encode(self, boxes: Tensor, anchors: Tensor) -> Tensor:
        """Deltas that lead from the anchors to the boxes.

        Args:
            boxes: (..., 4).
            anchors: (..., 4), broadcast against `boxes`.

        Returns:
            float32 (..., 4). Empty boxes or anchors (padding) give finite values without a meaning.
        """
        cx, cy, width, height = _center_form(boxes)
        anchor_cx, anchor_cy, anchor_width, anchor_height = _center_form(anchors)
        width, height, anchor_width, anchor_height = map(_positive, (width, height, anchor_width, anchor_height))
        deltas = (
            (cx - anchor_cx) / anchor_width,
            (cy - anchor_cy) / anchor_height,
            ops.log(width / anchor_width),
            ops.log(height / anchor_height),
        )
        return ops.stack([w * d for w, d in zip(self.weights, deltas, strict=True)], axis=-1)

    def decode(self, deltas: Tensor, anchors: Tensor) -> Tensor:
        """Boxes at the deltas from the anchors, not clipped to any image.

        Args:
            deltas: (..., 4), of any float dtype.
            anchors: (..., 4), broadcast against `deltas`.

        Returns:
            float32 (..., 4).
        """
        offsets = ops.unstack(ops.cast(deltas, "float32"), 4, axis=-1)
        dx, dy, dw, dh = (offset / weight for offset, weight in zip(offsets, self.weights, strict=True))
        anchor_cx, anchor_cy, anchor_width, anchor_height = _center_form(anchors)
        cx, cy = dx * anchor_width + anchor_cx, dy * anchor_height + anchor_cy
        largest = math.log(self.max_scale)
        half_width = 0.5 * ops.exp(ops.minimum(dw, largest)) * anchor_width
        half_height = 0.5 * ops.exp(ops.minimum(dh, largest)) * anchor_height
        return ops.stack([cx - half_width, cy - half_height, cx + half_width, cy + half_height], axis=-1)
