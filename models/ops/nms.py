"""Greedy non-maximum suppression with fixed shapes: in plain `keras.ops`, and on TensorFlow by its kernel.

Alphabet: `B` images, `N` boxes of one image.

Box i stays unless a box before it that itself stays overlaps it by more than the threshold. That sentence has one
solution, since it refers to earlier boxes only, and repeating `keep ← nothing kept suppresses me` from "all are kept"
reaches it: after t rounds all boxes are right whose chain of suppressors is shorter than t. Real chains are short (5 to
15), so the loop ends after a few products of a matrix and a vector; its length is bounded by N.
"""

from collections.abc import Sequence

import numpy as np
from keras import ops

from models.ops.boxes import Tensor, area, coordinates
from models.ops.gather import take
from models.ops.kernels import tensorflow_kernels

_LOWEST = -1e9
"""Below every score: marks what takes no part."""


def _suppresses(boxes: Tensor, iou_threshold: float, groups: Tensor | None) -> Tensor:
    """Whether box j, being before box i in the order, overlaps it too much: float32 (B, N i, N j) of 0 and 1."""
    x1, y1, x2, y2 = coordinates(boxes)
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
    """Suppression among boxes in order of falling score, e.g. as `top_k` returns them.

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


def best_of_levels(
    boxes: Tensor, scores: Tensor, usable: Tensor, lengths: Sequence[int], iou_threshold: float, number: int
) -> tuple[Tensor, Tensor]:
    """The best boxes over all levels after suppression within each.

    Args:
        boxes: (B, N, 4), level after level, each in order of falling score.
        scores: (B, N), finite.
        usable: bool (B, N); the others are not kept and suppress nothing.
        lengths: how many of the N each level has.
        iou_threshold: see `nms_sorted`.
        number: P; fewer where all levels together hold fewer.

    Returns:
        boxes (B, P, 4), best first, zeros where there are no more, and real, bool (B, P).
    """
    number = min(number, sum(lengths))
    if tensorflow_kernels():
        return _best_of_levels_by_kernel(boxes, scores, usable, lengths, iou_threshold, number)
    # Levels do not meet: each has its own, smaller matrix.
    levels = zip(_apart(boxes, lengths), _apart(usable, lengths), strict=True)
    kept = ops.concatenate([nms_sorted(*level, iou_threshold) for level in levels], axis=1)
    best, index = ops.top_k(ops.where(kept, scores, _LOWEST), number)
    real = best > _LOWEST
    return ops.where(real[..., None], take(boxes, index), 0.0), real


def best_of_classes(
    boxes: Tensor, scores: Tensor, iou_threshold: float, number: int, pre_nms_top_n: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The best boxes over all classes after suppression within each.

    Args:
        boxes: (B, P, K, 4), a box of each proposal for each class.
        scores: (B, P, K), above 0 where the box counts at all.
        iou_threshold: see `nms_sorted`.
        number: D; fewer where `pre_nms_top_n` or P * K are.
        pre_nms_top_n: only so many of the best scores of an image take part.

    Returns:
        boxes (B, D, 4), scores (B, D) falling and classes int32 (B, D) from 1; all 0 where there are no more.
    """
    proposals, classes = scores.shape[1:]
    pre_nms_top_n = min(pre_nms_top_n, proposals * classes)
    number = min(number, pre_nms_top_n)
    flat = ops.reshape(scores, (-1, proposals * classes))
    best, index = ops.top_k(flat, pre_nms_top_n)
    if tensorflow_kernels():
        from models.ops.native.tensorflow_nms import best_after_nms  # noqa: PLC0415 - on that backend only

        taking_part = ops.where(scores >= best[:, -1:, None], scores, 0.0)
        found, kept, labels, real = best_after_nms(boxes, taking_part, iou_threshold, number)
        return found, kept, ops.where(real, labels + 1, 0)
    chosen = take(ops.reshape(boxes, (-1, proposals * classes, 4)), index)
    labels = ops.cast(index % classes, "int32") + 1
    keep = nms_sorted(chosen, best > 0, iou_threshold, groups=labels)
    kept, index = ops.top_k(ops.where(keep, best, 0.0), number)
    real = kept > 0
    return (
        ops.where(real[..., None], take(chosen, index), 0.0),
        kept,
        ops.where(real, take(labels, index), 0),
    )


def _best_of_levels_by_kernel(
    boxes: Tensor, scores: Tensor, usable: Tensor, lengths: Sequence[int], iou_threshold: float, number: int
) -> tuple[Tensor, Tensor]:
    from models.ops.native.tensorflow_nms import best_after_nms  # noqa: PLC0415 - on that backend only

    # The kernel loses boxes whose score is below -1, so it gets their places in the order instead of logits.
    places = ops.argsort(ops.argsort(-scores, axis=1), axis=1)
    ranks = ops.where(usable, ops.cast(sum(lengths) - places, "float32"), 0.0)
    best, _, _, real = best_after_nms(_beside(boxes, lengths), _beside(ranks, lengths), iou_threshold, number)
    return best, real


def _beside(values: Tensor, lengths: Sequence[int]) -> Tensor:
    """(B, N, …) → (B, longest N_l, levels, …)."""
    return ops.stack([_lengthen(level, max(lengths)) for level in _apart(values, lengths)], axis=2)


def _apart(values: Tensor, lengths: Sequence[int]) -> list[Tensor]:
    """(B, N, …) → for each level its (B, N_l, …)."""
    return ops.split(values, np.cumsum(lengths)[:-1].tolist(), axis=1) if len(lengths) > 1 else [values]


def _lengthen(values: Tensor, length: int) -> Tensor:
    """(B, N, …) → (B, length, …), filled up with zeros."""
    missing = length - values.shape[1]
    return ops.pad(values, [[0, 0], [0, missing], *([[0, 0]] * (len(values.shape) - 2))]) if missing else values
