"""The objects of the windows of one image as the objects of the image.

Three cases, class by class. An object that is whole in several windows was found several times: the best detection
stays (non-maximum suppression by the intersection over the smaller mask). One that a seam cuts, and that another window
has whole, is dropped. The parts of one that is whole nowhere are joined: masks and boxes united, the best score. Two
parts are of one object when their masks agree in the area that both windows see, however small that is beside the
object; SAHI compares with the smaller part, which misses an object much larger than the overlap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from base import rle
from base.batch import Size
from base.rle import Rle
from base.runs import area_within, placed, united
from base.view import Window
from inference.detections import Detections
from inference.tiling import Tiling

_BORDER = 0.01
"""A mask that ends nearer to the border of its tile than this fraction of the tile's side, or 2 pixels, may be cut."""


@dataclass(frozen=True)
class _Found:
    """One object, or what is joined to one so far, in pixels of the image.

    Attributes:
        box: (4,) xyxy.
        windows: where it was found.
        cut: whether it ends at a seam.
    """

    box: np.ndarray
    score: float
    label: int
    mask: Rle
    windows: frozenset[Window]
    cut: bool

    @property
    def window(self) -> Window:
        """Where it was found, of one that is not joined."""
        (found,) = self.windows
        return found


def merge_tiles(parts: Sequence[Detections], windows: Sequence[Window], size: Size, tiling: Tiling) -> Detections:
    """Merges the detections of the windows of one image.

    Args:
        parts: of each window, in its own pixels.
        windows: in pixels of the image, as `Tiling.windows` gives them.
        size: height and width of the image.
        tiling: has the threshold.

    Returns:
        The objects of the image, the best first.
    """
    found = [one for part, window in zip(parts, windows, strict=True) for one in _moved(part, window, size)]
    merged: list[_Found] = []
    for label in sorted({one.label for one in found}):
        merged += _merge_class([one for one in found if one.label == label], tiling.threshold)
    merged.sort(key=lambda one: -one.score)
    return Detections(
        size,
        parts[0].names,
        np.array([one.box for one in merged], np.float32).reshape(-1, 4),
        np.array([one.score for one in merged], np.float32),
        np.array([one.label for one in merged], int),
        tuple(one.mask for one in merged),
        parts[0].category_ids,
    )


def _moved(part: Detections, window: Window, size: Size) -> list[_Found]:
    """What was found in a window, in pixels of the image; objects without a pixel are left out."""
    x0, y0, _, _ = window
    return [
        _Found(
            box + np.array([x0, y0, x0, y0], np.float32),
            float(score),
            int(label),
            placed(mask, x0, y0, size),
            frozenset([window]),
            _is_cut(mask, window, size),
        )
        for box, score, label, mask in zip(part.boxes, part.scores, part.classes, part.masks, strict=True)
        if rle.area(mask)
    ]


def _is_cut(mask: Rle, window: Window, size: Size) -> bool:
    """Whether the mask reaches a border of its window that is none of the image."""
    height, width = mask["size"]
    left, top, wide, high = rle.xywh(mask)
    near_x, near_y = max(2.0, _BORDER * width), max(2.0, _BORDER * height)
    return (
        (window[0] > 0 and left < near_x)
        or (window[1] > 0 and top < near_y)
        or (window[2] < size[1] and left + wide > width - near_x)
        or (window[3] < size[0] and top + high > height - near_y)
    )


def _merge_class(found: list[_Found], threshold: float) -> list[_Found]:
    found = sorted(found, key=lambda one: -one.score)
    complete = [one for one in found if not one.cut]
    left = []
    parts = [one for one in found if one.cut]
    for part, shared in zip(parts, _shared(parts, complete), strict=True):
        others = ((complete[column], pixels) for column, pixels in shared.items())
        if not any(
            part.window != other.window and pixels >= threshold * _seen(part, other.window) for other, pixels in others
        ):
            left.append(part)
    return _suppressed(sorted([*complete, *_joined(left, threshold)], key=lambda one: -one.score), threshold)


def _shared(first: Sequence[_Found], second: Sequence[_Found]) -> list[dict[int, float]]:
    """Of each of the first: the numbers of those of the second that it meets, and the pixels that are in both."""
    boxes = np.array([rle.xywh(one.mask) for one in second]).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    rows = []
    for one in first:
        left, top, width, height = rle.xywh(one.mask)
        near = (boxes[:, :2] < (left + width, top + height)).all(1) & (boxes[:, 2:] > (left, top)).all(1)
        numbers = np.flatnonzero(near).tolist()
        pixels = rle.intersections([one.mask], [second[number].mask for number in numbers])[0]
        rows.append({number: float(count) for number, count in zip(numbers, pixels, strict=True) if count})
    return rows


def _seen(found: _Found, window: Window) -> int:
    """The pixels of the object that another window sees."""
    return area_within(found.mask, window)


def _joined(parts: list[_Found], threshold: float) -> list[_Found]:
    """Parts of one object as one: those that agree with each other, directly or by way of others."""
    group = list(range(len(parts)))
    for first, shared in enumerate(_shared(parts, parts)):
        for second, pixels in shared.items():
            one, other = parts[first], parts[second]
            if second <= first or one.window == other.window or group[first] == group[second]:
                continue
            if pixels >= threshold * min(_seen(one, other.window), _seen(other, one.window)):
                group = [group[first] if number == group[second] else number for number in group]
    members: dict[int, list[_Found]] = {}
    for part, number in zip(parts, group, strict=True):
        members.setdefault(number, []).append(part)
    return [_united(several) for several in members.values()]


def _united(several: list[_Found]) -> _Found:
    """One object of several parts, the best part first."""
    if len(several) == 1:
        return several[0]
    boxes = np.array([one.box for one in several])
    return _Found(
        np.concatenate([boxes[:, :2].min(0), boxes[:, 2:].max(0)]),
        several[0].score,
        several[0].label,
        united([one.mask for one in several]),
        frozenset().union(*(one.windows for one in several)),
        cut=True,
    )


def _suppressed(found: list[_Found], threshold: float) -> list[_Found]:
    """The best of each group that shares most of its smaller mask; what one window has found twice is two objects.

    A better detection inside an object that was joined from several windows gives that its score instead.
    """
    areas = [rle.area(one.mask) for one in found]
    kept: list[_Found] = []
    dropped: set[int] = set()
    for first, shared in enumerate(_shared(found, found)):
        best = found[first]
        if first in dropped:
            continue
        for second, pixels in shared.items():
            other = found[second]
            if second <= first or second in dropped or best.windows & other.windows:
                continue
            if pixels >= threshold * min(areas[first], areas[second]):
                dropped.add(second)
                if len(other.windows) > 1 and pixels < threshold * areas[second]:
                    best = _united([best, other])
        kept.append(best)
    return kept
