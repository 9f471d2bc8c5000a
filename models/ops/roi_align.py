"""RoIAlign over a feature pyramid (Mask R-CNN, He et al. 2017, section 3; torchvision's `aligned=False`).

Alphabet: `B` images, `N` boxes of one image, `L` levels, `S` side of the result, `P` = S * sampling ratio sample
positions along one side, `C` channels. Boxes `xyxy` in pixels of the network's input.

A result is the mean of `ratio`² bilinear samples in each of its cells. That is separable, Wy · F · Wxᵀ for a map F, and
computed in one of three ways that agree but for rounding:

- dense: the matrix products over whole maps, once for each level, with the rows of the other levels' boxes being 0. The
  work grows with the size of the maps.
- gather: the 2 * ratio corners along each side of a cell are fetched and weighted; the size of the maps is no matter.
- sparse: the same corners as a product with a sparse matrix, by TensorFlow's kernel on a CPU; taken wherever it may be
  (`models.ops.kernels`). `python benchmarks/operations.py` compares.

Milliseconds forward / forward and backward on 2 CPU cores, float32, sampling ratio 2; compare within a row only:

| B, N, S, C | maps | dense | gather |
|---|---|---|---|
| 4, 64, 7, 128 | 40², 20², 10² | 34 / 59 | 23 / 76 |
| 4, 16, 14, 128 | 40², 20², 10² | 17 / 33 | 18 / 60 |
| 4, 64, 7, 128 | 80², 40², 20², 10² | 78 / 179 | 57 / 120 |
| 1, 100, 14, 256 | 128², 64², 32², 16² | 315 / 508 | 53 / 182 |
| 2, 512, 7, 256 | 128², 64², 32², 16² | needs 2 GB | 274 / 497 |
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from models.ops.boxes import Tensor, area, coordinates
from models.ops.kernels import tensorflow_cpu_kernels

_DENSE_BELOW = 25
"""Dense is taken up to this many multiplications for each value that gathering would fetch; see the table."""


def assign_levels(
    boxes: Tensor, min_level: int, max_level: int, canonical_size: float = 224.0, canonical_level: int = 4
) -> Tensor:
    """The pyramid level each box is pooled from (Feature Pyramid Networks, Lin et al. 2017, equation 1).

    Args:
        boxes: (..., 4).
        min_level: the finest level there is, e.g. 2 for stride 4.
        max_level: the coarsest.
        canonical_size: the side in pixels of a box that belongs to `canonical_level`.
        canonical_level: see above.

    Returns:
        int32 (...), index into the list of levels: 0 is `min_level`.
    """
    side = ops.sqrt(ops.maximum(area(ops.cast(boxes, "float32")), 1e-12))
    level = ops.floor(canonical_level + ops.log2(side / canonical_size) + 1e-6)
    return ops.cast(ops.clip(level, min_level, max_level), "int32") - min_level


def _positions(low: Tensor, high: Tensor, size: int, ratio: int) -> Tensor:
    """Where a box is sampled along one axis, in cells of its map: (B, N), (B, N) → (B, N, P)."""
    steps = (np.arange(size * ratio, dtype=np.float32) + 0.5) / (size * ratio)
    return low[..., None] + ops.maximum(high - low, 1.0)[..., None] * ops.convert_to_tensor(steps)


def _clamp(positions: Tensor, length: Tensor | int) -> tuple[Tensor, Tensor]:
    """Positions moved onto the map of `length` cells, and 1.0 or 0.0 for whether they count.

    Up to one cell outside a position is taken for one on the border, further outside its sample is 0.
    """
    inside = ops.logical_and(positions >= -1.0, positions <= length)
    return ops.clip(positions, 0.0, length - 1.0), ops.cast(inside, "float32")


def _matrix(positions: Tensor, length: int, size: int) -> Tensor:
    """The interpolation matrix of each box along one axis: (B, N, P) → float32 (B, N, S, length)."""
    ratio = positions.shape[-1] // size
    clamped, inside = _clamp(positions, length)
    distance = ops.abs(clamped[..., None] - ops.arange(length, dtype="float32"))
    weights = ops.relu(1.0 - distance) * inside[..., None]
    return sum(weights[:, :, i::ratio] for i in range(ratio)) / ratio


def _align_dense(
    features: Sequence[Tensor], boxes: Tensor, levels: Tensor, scales: Sequence[float], size: int, ratio: int
) -> Tensor:
    """Wy · F · Wxᵀ, see `roi_align`."""
    num = _number(boxes)
    result = None
    for index, (feature, scale) in enumerate(zip(features, scales, strict=True)):
        _, height, width, channels = feature.shape
        x1, y1, x2, y2 = (x * scale for x in coordinates(boxes))
        here = ops.cast(levels == index, "float32")[:, :, None, None]
        along_y = ops.cast(here * _matrix(_positions(y1, y2, size, ratio), height, size), feature.dtype)
        along_x = ops.cast(_matrix(_positions(x1, x2, size, ratio), width, size), feature.dtype)
        flat = ops.reshape(feature, (-1, height, width * channels))
        rows = ops.matmul(ops.reshape(along_y, (-1, num * size, height)), flat)
        rows = ops.reshape(rows, (-1, num, size, width, channels))
        level = ops.matmul(along_x[:, :, None], rows)
        result = level if result is None else result + level
    return result


def _axis(low: Tensor, high: Tensor, length: Tensor, size: int, ratio: int) -> tuple[Tensor, Tensor]:
    """The corners each cell of the result reads along one axis.

    Args:
        low: float32 (B, N), the box's near side in cells of its map.
        high: (B, N), its far side.
        length: float32 (B, N), cells of its map along this axis.
        size: S.
        ratio: samples for each cell of the result.

    Returns:
        index: int32 (B, N, S, 2 * ratio), cells of the map.
        weight: float32 (B, N, S, 2 * ratio).
    """
    clamped, inside = _clamp(_positions(low, high, size, ratio), length[..., None])
    before = ops.floor(clamped)
    fraction = clamped - before
    after = ops.minimum(before + 1.0, length[..., None] - 1.0)
    shape = (-1, ops.shape(low)[1], size, 2 * ratio)
    index = ops.reshape(ops.stack([before, after], axis=-1), shape)
    weight = ops.reshape(ops.stack([inside * (1.0 - fraction), inside * fraction], axis=-1), shape)
    return ops.cast(index, "int32"), weight / ratio


def _corners(
    shapes: Sequence[tuple[int, int]], boxes: Tensor, levels: Tensor, scales: Sequence[float], size: int, ratio: int
) -> tuple[Tensor, Tensor]:
    """Which cells each value of the result reads, and how much each counts.

    Args:
        shapes: (H_l, W_l) of the maps.
        boxes, levels, scales, size, ratio: see `roi_align`.

    Returns:
        index: int32 (B * N * S * S, K), rows of the table of `_table`, K = (2 * ratio)².
        weight: float32 of the same shape.
    """
    cells = [height * width for height, width in shapes]

    def of_level(values: Sequence[float], dtype: type) -> Tensor:
        return ops.take(ops.convert_to_tensor(np.array(values, dtype)), levels, axis=0)

    x1, y1, x2, y2 = coordinates(boxes * of_level(scales, np.float32)[..., None])
    width = of_level([width for _, width in shapes], np.float32)
    height = of_level([height for height, _ in shapes], np.float32)
    y, weight_y = _axis(y1, y2, height, size, ratio)
    x, weight_x = _axis(x1, x2, width, size, ratio)
    image = ops.arange(ops.shape(boxes)[0], dtype="int32")[:, None] * sum(cells)
    first = image + of_level([sum(cells[:i]) for i in range(len(cells))], np.int32)
    y = y * ops.cast(width, "int32")[:, :, None, None] + first[:, :, None, None]
    corners = (-1, (2 * ratio) ** 2)
    index = ops.reshape(y[:, :, :, None, :, None] + x[:, :, None, :, None, :], corners)
    weight = ops.reshape(weight_y[:, :, :, None, :, None] * weight_x[:, :, None, :, None, :], corners)
    return index, weight


def _table(features: Sequence[Tensor]) -> Tensor:
    """The cells of all maps one below the other, image after image: (B * ΣH_l·W_l, C)."""
    channels = features[0].shape[-1]
    rows = [ops.reshape(feature, (-1, feature.shape[1] * feature.shape[2], channels)) for feature in features]
    return ops.reshape(ops.concatenate(rows, axis=1), (-1, channels))


def _align_gather(
    features: Sequence[Tensor], boxes: Tensor, levels: Tensor, scales: Sequence[float], size: int, ratio: int
) -> Tensor:
    """Corners of all levels from one table of rows, see `roi_align`."""
    index, weight = _corners([feature.shape[1:3] for feature in features], boxes, levels, scales, size, ratio)
    table = _table(features)
    # A product with a row vector: measured faster than multiplying and summing, above all backward.
    pooled = ops.matmul(ops.cast(weight, table.dtype)[:, None, :], ops.take(table, index, axis=0))
    return ops.reshape(pooled, (-1, _number(boxes), size, size, table.shape[-1]))


def _align_sparse(
    features: Sequence[Tensor], boxes: Tensor, levels: Tensor, scales: Sequence[float], size: int, ratio: int
) -> Tensor:
    """As `_align_gather`, the fetching and the sum in one kernel of TensorFlow."""
    from models.ops.native.tensorflow_rows import weighted_rows  # noqa: PLC0415 - on that backend only

    index, weight = _corners([feature.shape[1:3] for feature in features], boxes, levels, scales, size, ratio)
    table = _table(features)
    pooled = ops.cast(weighted_rows(ops.cast(table, "float32"), index, weight), table.dtype)
    return ops.reshape(pooled, (-1, _number(boxes), size, size, table.shape[-1]))


def _number(boxes: Tensor) -> Any:
    """N, as a number where it is known and as a tensor where an image's count decides."""
    return ops.shape(boxes)[1]


def _check(features: Sequence[Tensor], scales: Sequence[float]) -> None:
    if not features or len(features) != len(scales):
        raise ValueError(f"roi_align got {len(features)} feature maps and {len(scales)} scales; give one for each map")
    unknown = [tuple(feature.shape) for feature in features if None in feature.shape[1:]]
    if unknown:
        raise ValueError(f"roi_align needs feature maps of a fixed size, received {unknown}; fix the input size")


def roi_align(
    features: Sequence[Tensor],
    boxes: Tensor,
    levels: Tensor,
    scales: Sequence[float],
    size: int,
    sampling_ratio: int = 2,
) -> Tensor:
    """Average bilinear samples of each box's level in an S x S grid over the box.

    torchvision's rules: no shift by half a cell, boxes are at least one cell wide and high, a sample up to one cell
    outside the map is taken from its border, one further outside is 0.

    Args:
        features: L maps (B, H_l, W_l, C) of one dtype, shapes known but for B.
        boxes: (B, N, 4) in pixels of the input; computed with in float32; they get no gradient.
        levels: int (B, N), index into `features`, see `assign_levels`.
        scales: for each map the cells per pixel, e.g. 1 / 8.
        size: S.
        sampling_ratio: samples for each cell of the result along one side.

    Returns:
        (B, N, S, S, C) in the dtype of the features.

    Raises:
        ValueError: where `scales` and `features` do not fit or a map has no fixed size.
    """
    _check(features, scales)
    boxes = ops.stop_gradient(ops.cast(boxes, "float32"))
    multiplications = size * sum(feature.shape[1] * feature.shape[2] for feature in features)
    fetched = (2 * sampling_ratio * size) ** 2
    portable = _align_dense if multiplications <= _DENSE_BELOW * fetched else _align_gather
    align = _align_sparse if tensorflow_cpu_kernels() else portable
    return align(features, boxes, levels, scales, size, sampling_ratio)
