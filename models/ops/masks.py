"""Mask targets: the ground truth inside a box (Mask R-CNN, section 3; torchvision's `project_masks_on_boxes`).

Alphabet: `B` images, `G` padded ground truths, `N` boxes of one image, `S` side of the target, `H, W` of the masks.
"""

import numpy as np
from keras import ops

from base.batch import IGNORE
from models.ops.boxes import Tensor

_CHUNK_ABOVE = 2**24
"""Pixels of all boxes' masks in one image from which on they are worked through in chunks, to save memory; so
they are where the number of boxes is not known beforehand."""
_CHUNK = 32
"""Boxes in a chunk; their masks are float32, 34 MB for 512 x 512."""


def _area_matrix(low: Tensor, high: Tensor, length: int, size: int) -> Tensor:
    """How much each pixel counts in each cell of the target, along one axis.

    RoIAlign with the adaptive sampling ratio: cell p is the mean of g = ceil(box length / S) bilinear samples with
    distance d <= 1. The sum of the samples' hat functions around pixel h is a second difference over h of
    r(c) = Σ_i max(0, y_i - c), and y_i = y_0 + i * d makes r an arithmetic series: no axis for the samples is needed.

    Args:
        low: float32 (N,), near side of the boxes in pixels, at least 0.
        high: (N,), far side, at most `length`.
        length: H or W.
        size: S.

    Returns:
        float32 (N, S, length), each row summing to 1.
    """
    cell = (ops.maximum(high - low, 1.0) / size)[:, None, None]
    samples = ops.ceil(cell)
    distance = cell / samples
    first = low[:, None, None] + cell * ops.arange(size, dtype="float32")[:, None] + 0.5 * distance
    # The last center stands twice: samples beyond it count for the last pixel in full.
    centers = ops.convert_to_tensor(np.concatenate([np.arange(-1, length), [length - 1]]).astype(np.float32))
    # In units of `distance` sample i is at i and this is where the centers are.
    position = centers / distance - first / distance
    below = ops.clip(ops.ceil(position), 0.0, samples)
    # `samples - below` samples lie beyond a center, on average at the middle one of them.
    beyond = (samples - below) * (0.5 * (below + (samples - 1.0)) - position)
    falling = beyond[..., :-1] - beyond[..., 1:]
    return (falling[..., :-1] - falling[..., 1:]) * (distance / samples)


def _crop(masks: Tensor, index: Tensor, along_y: Tensor, along_x: Tensor, value: int) -> Tensor:
    """The share of pixels of this value: (R, H, W), (n,), (n, S, H), (n, S, W) → float32 (n, S, S)."""
    picked = ops.cast(ops.take(masks, index, axis=0) == value, "float32")
    return ops.matmul(ops.matmul(along_y, picked), ops.transpose(along_x, (0, 2, 1)))


def _crop_in_chunks(masks: Tensor, index: Tensor, along_y: Tensor, along_x: Tensor, value: int) -> Tensor:
    """`_crop` with the masks of a part of the boxes in memory at once."""
    count = ops.shape(index)[0]
    missing = -count % _CHUNK
    parts = tuple(
        ops.reshape(ops.pad(x, [[0, missing], *([[0, 0]] * (len(x.shape) - 1))]), (-1, _CHUNK, *x.shape[1:]))
        for x in (index, along_y, along_x)
    )
    shares = ops.map(lambda part: _crop(masks, part[0], part[1], part[2], value), parts)
    return ops.reshape(shares, (-1, along_y.shape[1], along_x.shape[1]))[:count]


def crop_masks(gt_masks: Tensor, matched: Tensor, boxes: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """The matched ground truth's mask in an S x S grid over each box.

    As in torchvision the targets are not rounded: at the outline they are the object's share.

    Args:
        gt_masks: uint8 (B, G, H, W): 1 object, 0 not the object, 255 ignored.
        matched: int (B, N), index into G.
        boxes: (B, N, 4) in pixels of the masks; clipped to the image. N may depend on values.
        size: S.

    Returns:
        targets: float32 (B, N, S, S) in [0, 1], the object's share of the pixels that are not ignored.
        weights: float32 (B, N, S, S), 0 where more than half is ignored, else 1.
    """
    groups, height, width = gt_masks.shape[1:]
    num = ops.shape(boxes)[1]
    index = ops.cast(matched, "int32") + ops.arange(ops.shape(gt_masks)[0], dtype="int32")[:, None] * groups
    boxes = ops.reshape(ops.stop_gradient(ops.cast(boxes, "float32")), (-1, 4))
    x1, x2 = (ops.clip(boxes[:, i], 0.0, float(width)) for i in (0, 2))
    y1, y2 = (ops.clip(boxes[:, i], 0.0, float(height)) for i in (1, 3))
    masks = ops.reshape(gt_masks, (-1, height, width))
    along_y, along_x = _area_matrix(y1, y2, height, size), _area_matrix(x1, x2, width, size)
    arguments = masks, ops.reshape(index, (-1,)), along_y, along_x
    small = isinstance(num, int) and num * height * width <= _CHUNK_ABOVE
    crop = _crop if small else _crop_in_chunks
    shape = (-1, num, size, size)
    inside = ops.reshape(crop(*arguments, 1), shape)
    ignored = ops.cond(
        ops.any(gt_masks == IGNORE),
        lambda: ops.reshape(crop(*arguments, IGNORE), shape),
        lambda: ops.zeros_like(inside),
    )
    counted = 1.0 - ignored
    targets = ops.clip(inside / ops.where(counted > 0, counted, 1.0), 0.0, 1.0)
    return targets, ops.cast(ignored <= 0.5, "float32")
