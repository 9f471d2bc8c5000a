"""Greedy non-maximum suppression with fixed shapes.

Alphabet: `B` images, `N` boxes of one image.

Box i stays unless a box before it that itself stays overlaps it by more than the threshold. That sentence has one
solution, since it refers to earlier boxes only, and repeating `keep ← nothing kept suppresses me` from "all are kept"
reaches it: after t rounds all boxes are right whose chain of suppressors is shorter than t. Real chains are short (5 to
15), so the loop ends after a few products of a matrix and a vector; its length is bounded by N.
"""

from keras import ops

from models.ops.boxes import Tensor, area
from models.ops.gather import take


def _suppresses(boxes: Tensor, iou_threshold: float, groups: Tensor | None) -> Tensor:
    """Whether box j, being before box i in the order, overlaps it too much: float32 (B, N i, N j) of 0 and 1."""
    x1, y1, x2, y2 = (boxes[..., i] for i in range(4))
    width = ops.minimum(x2[:, :, None], x2[:, None, :]) - ops.maximum(x1[:, :, None], x1[:, None, :])
    height = ops.minimum(y2[:, :, None], y2[:, None, :]) - ops.maximum(y1[:, :, None], y1[:, None, :])
    shared = ops.maximum(width, 0) * ops.maximum(height, 0)
    own = area(boxes)
    # iou > t without a division: an empty box overlaps nothing and nothing is NaN.
    too_much = shared > iou_threshold * (own[:, :, None] + own[:, None, :] - shared)
    position = ops.arange(boxes.shape[1], dtype="int32")
    too_much = ops.logical_and(too_much, position[None, :, None] > position[None, None, :])
    if groups is not None:
        too_much = ops.logical_and(too_much, groups[:, :, None] == groups[:, None, :])
    return ops.cast(too_much, "float32")


def nms_sorted(boxes: Tensor, valid: Tensor, iou_threshold: float, groups: Tensor | None = None) -> Tensor:
    """Suppression among boxes that stand in order of falling score, e.g. as `top_k` returns them.

    Args:
        boxes: (B, N, 4) xyxy. The memory is that of a few (B, N, N) float32, 16 MB each at B = 1, N = 2000.
        valid: bool (B, N); the others are not kept and suppress nothing.
        iou_threshold: a box goes if it overlaps a kept one by more than this.
        groups: int (B, N); boxes of different groups (classes, levels) do not meet. None: all are one group.

    Returns:
        keep: bool (B, N).
    """
    suppresses = _suppresses(ops.cast(boxes, "float32"), iou_threshold, groups)
    allowed = ops.cast(valid, "float32")[:, :, None]

    def one_round(keep: Tensor) -> Tensor:
        suppressed = ops.matmul(suppresses, keep) > 0
        return ops.where(suppressed, ops.zeros_like(allowed), allowed)

    def changed(keep: Tensor, previous: Tensor) -> Tensor:
        return ops.any(keep != previous)

    keep, _ = ops.while_loop(
        changed,
        lambda keep, _: (one_round(keep), keep),
        (one_round(allowed), allowed),
        maximum_iterations=boxes.shape[1],
    )
    return keep[:, :, 0] > 0


def batched_nms(boxes: Tensor, scores: Tensor, valid: Tensor, iou_threshold: float, groups: Tensor | None) -> Tensor:
    """Suppression among boxes in any order, within each group only.

    Args:
        boxes: (B, N, 4) xyxy.
        scores: (B, N); of equal scores the lower index comes first.
        valid: bool (B, N).
        iou_threshold: see `nms_sorted`.
        groups: int (B, N), e.g. classes or levels, or None.

    Returns:
        keep: bool (B, N), in the order of the input.
    """
    order = ops.argsort(-scores, axis=1)
    sorted_groups = None if groups is None else take(groups, order)
    keep = nms_sorted(take(boxes, order), take(valid, order), iou_threshold, sorted_groups)
    return take(keep, ops.argsort(order, axis=1))


def nms(boxes: Tensor, scores: Tensor, valid: Tensor, iou_threshold: float) -> Tensor:
    """`batched_nms` with a single group: (B, N, 4), (B, N), bool (B, N) → keep, bool (B, N)."""
    return batched_nms(boxes, scores, valid, iou_threshold, groups=None)
