"""Anchors fitted to the boxes: k-means with the distance 1 - IoU, where each center is on the grid of its level.

Alphabet: `N` boxes, `L` levels, `S` sizes on each, `R` aspect ratios. Boxes xyxy in pixels of the network's input.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base.batch import Size
from models.ops.anchors import AnchorGenerator
from preparation.suggest.stats import ratios, sides

_SAMPLE = 2000
_ROUNDS = 20
_NUMBERS = ((1, 3), (1, 5), (2, 3), (1, 7), (2, 5))
"""Sizes on a level and aspect ratios that are tried, the cheapest first."""
_WORTH = 0.03
"""Mean IoU that more anchors have to add."""
_SAME = 1.3
"""Aspect ratios nearer than this factor are one."""
_THINNEST = 0.01
"""Of the rounded aspect ratios: 0 would be no anchor."""


@dataclass(frozen=True)
class Anchors:
    """Sizes of each level, the finest first, and aspect ratios (height / width), as the section `model.rpn` has them.

    Attributes:
        sizes: side of a square anchor, in pixels.
        aspect_ratios: ascending.
    """

    sizes: tuple[tuple[float, ...], ...]
    aspect_ratios: tuple[float, ...]


def best_ious(boxes: np.ndarray, anchors: Anchors, strides: Sequence[int], size: Size) -> np.ndarray:
    """(N,) IoU of each box with its best anchor."""
    return _ious(boxes, anchors, strides, size).reshape(len(boxes), -1).max(axis=1, initial=0)


def recall(boxes: np.ndarray, anchors: Anchors, strides: Sequence[int], size: Size) -> tuple[float, float]:
    """Part of the boxes whose best anchor overlaps them by an IoU of 0.5, and of 0.7."""
    found = best_ious(boxes, anchors, strides, size)
    return float((found >= 0.5).mean()), float((found >= 0.7).mean())


def fit_anchors(boxes: np.ndarray, strides: Sequence[int], size: Size) -> Anchors:
    """The fewest anchors for each cell that overlap the boxes about as well as more would.

    Args:
        boxes: (N, 4), at least one.
        strides: of the pyramid's levels, the finest first.
        size: (H, W) of the input.
    """
    boxes = boxes[np.random.default_rng(0).permutation(len(boxes))[:_SAMPLE]]
    tried = [_fit(boxes, strides, size, *numbers) for numbers in _NUMBERS]
    means = [best_ious(boxes, anchors, strides, size).mean() for anchors in tried]
    return next(anchors for anchors, mean in zip(tried, means, strict=True) if mean >= max(means) - _WORTH)


def _fit(boxes: np.ndarray, strides: Sequence[int], size: Size, per_level: int, shapes: int) -> Anchors:
    """The best of two beginnings: quantiles of the boxes, and sizes that grow with the stride."""
    quantiles = (np.arange(len(strides) * per_level) + 0.5) / (len(strides) * per_level)
    sides_of_boxes = np.quantile(sides(boxes), quantiles).reshape(len(strides), per_level)
    growing = 4.0 * np.array(strides)[:, None] * 2.0 ** (np.arange(per_level) / per_level)
    shape = np.quantile(ratios(boxes), (np.arange(shapes) + 0.5) / shapes)
    fitted = [_refine(boxes, strides, size, start, shape) for start in (sides_of_boxes, growing)]
    return max(fitted, key=lambda anchors: best_ious(boxes, anchors, strides, size).mean())


def _refine(boxes: np.ndarray, strides: Sequence[int], size: Size, start: np.ndarray, shape: np.ndarray) -> Anchors:
    """Lloyd's iteration: each box goes to its best anchor, each size and ratio to the middle of its boxes."""
    log_sides, log_ratios = np.log(sides(boxes)), np.log(ratios(boxes))
    logs, shapes = np.log(start), np.log(shape)
    best = _rounded(logs, shapes)
    best_mean = best_ious(boxes, best, strides, size).mean()
    for _ in range(_ROUNDS):
        ious = _ious(boxes, _anchors(logs, shapes), strides, size)
        level, ratio, number = np.unravel_index(ious.reshape(len(boxes), -1).argmax(axis=1), ious.shape[1:])
        logs = _middles(log_sides, level * start.shape[1] + number, logs.ravel()).reshape(logs.shape)
        shapes = _middles(log_ratios, ratio, shapes)
        found = _rounded(_filled(logs, level, strides), shapes)
        mean = best_ious(boxes, found, strides, size).mean()
        if mean > best_mean:
            best, best_mean = found, mean
    return best


def _middles(values: np.ndarray, owner: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The mean of each owner's values; what owns none stays."""
    numbers = np.bincount(owner, minlength=len(before))
    sums = np.bincount(owner, weights=values, minlength=len(before))
    return np.where(numbers > 0, sums / np.maximum(numbers, 1), before)


def _filled(logs: np.ndarray, level: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """Levels that no box went to get sizes that go with their stride, so that objects of other images find some."""
    filled = logs.copy()
    used = np.bincount(level, minlength=len(strides)) > 0
    for row, stride in enumerate(strides):
        if not used[row]:
            below = filled[row - 1] + np.log(2) if row else filled[row]
            filled[row] = np.maximum(below, np.log(4.0 * stride)) if row else below
    return filled


def _anchors(logs: np.ndarray, shapes: np.ndarray) -> Anchors:
    return Anchors(tuple(tuple(row) for row in np.exp(logs).tolist()), tuple(np.exp(shapes).tolist()))


def _rounded(logs: np.ndarray, shapes: np.ndarray) -> Anchors:
    """Whole pixels, ascending; aspect ratios that are nearly the same become one."""
    groups: list[list[float]] = []
    for shape in sorted(shapes.tolist()):
        if groups and shape - groups[-1][0] < np.log(_SAME):
            groups[-1].append(shape)
        else:
            groups.append([shape])
    # Sorted over all levels: a small anchor loses least where the cells are small.
    sides_of_levels = np.maximum(4.0, np.round(np.sort(np.exp(logs), axis=None))).reshape(logs.shape)
    sizes = tuple(tuple(row) for row in sides_of_levels.tolist())
    return Anchors(sizes, tuple(max(_THINNEST, round(float(np.exp(np.mean(group))), 2)) for group in groups))


def _ious(boxes: np.ndarray, anchors: Anchors, strides: Sequence[int], size: Size) -> np.ndarray:
    """(N, L, R, S) IoU of each box with the anchor of each kind whose cell is nearest: no other one has more."""
    generator = AnchorGenerator(anchors.sizes, anchors.aspect_ratios)
    bases = np.stack(generator.grid(strides, [(1, 1)] * len(strides)))[None]  # (1, L, R·S, 4) about the origin
    centers = (boxes[:, :2] + boxes[:, 2:]) / 2
    steps = np.array(strides, np.float64)[:, None]
    last = np.ceil(np.array(size[::-1]) / steps) - 1
    cells = np.clip(np.round(centers[:, None] / steps), 0, last) * steps  # (N, L, 2)
    moved = (boxes[:, None] - np.tile(cells, 2))[:, :, None]  # (N, L, 1, 4)
    shared = np.minimum(moved[..., 2:], bases[..., 2:]) - np.maximum(moved[..., :2], bases[..., :2])
    inside = np.clip(shared, 0, None).prod(axis=-1)
    areas = (bases[..., 2:] - bases[..., :2]).prod(axis=-1), (moved[..., 2:] - moved[..., :2]).prod(axis=-1)
    ious = inside / np.maximum(areas[0] + areas[1] - inside, 1e-9)
    return ious.reshape(len(boxes), len(strides), len(anchors.aspect_ratios), -1)
