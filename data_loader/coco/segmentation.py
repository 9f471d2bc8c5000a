"""COCO's three forms of a mask → compressed RLE: polygons, uncompressed RLE, compressed RLE.

Every number is checked before the C code of the library sees it.
"""

from array import array
from collections.abc import Sequence
from typing import Any

import numpy as np
from faster_coco_eval import mask as coco_mask

from base.polygons import FARTHEST, LONGEST, check_polygon
from base.rle import Rle, from_library


def pack_polygons(item: dict[str, Any]) -> dict[str, Any]:
    """The annotation itself, with its polygons as arrays: a list of numbers takes four times the memory.

    What is no list of numbers stays as it is, for `to_rle` to name.
    """
    parts = item.get("segmentation")
    if isinstance(parts, list):
        item["segmentation"] = [_packed(part) for part in parts]
    return item


def _packed(part: Any) -> Any:
    if not isinstance(part, list) or not set(map(type, part)) <= {int, float}:
        return part
    try:
        return array("d", part)
    except OverflowError:  # an integer of more digits than a float can hold
        return part


def to_rle(segmentation: Any, height: int, width: int) -> Rle:
    """The mask of an annotation.

    Args:
        segmentation: a list of polygons `[x0, y0, x1, y1, …]`, packed or not, or an RLE with `size` and `counts`, the
            runs as a list of numbers or as text.
        height, width: of the image, in pixels.

    Raises:
        ValueError: it is none of these, a polygon has fewer than three corners or no finite ones, or an RLE is of
            another size.
    """
    if isinstance(segmentation, list) and segmentation:
        parts = coco_mask.frPyObjects([_polygon(part) for part in segmentation], height, width)
        return from_library(coco_mask.merge(parts))
    if isinstance(segmentation, dict):
        return _rle(segmentation, height, width)
    raise ValueError("it has neither polygons nor an RLE")


def _polygon(part: Any) -> list[float]:
    if not isinstance(part, list | array) or len(part) < 6 or len(part) % 2:
        raise ValueError("a polygon needs three corners or more, x and y each")
    for value in part:
        if type(value) not in (int, float) or not abs(value) <= FARTHEST:  # NaN is not either
            raise ValueError(f"a polygon has a corner that is no place near the image: {str(value)[:40]}")
    if len(part) * (max(part) - min(part)) > LONGEST:  # seldom: only then it is worth the time to measure it
        check_polygon(np.reshape(part, (-1, 2)).astype(np.float64))
    return [float(value) for value in part]


def _rle(given: dict[str, Any], height: int, width: int) -> Rle:
    size, counts = given.get("size"), given.get("counts")
    if size != [height, width]:
        raise ValueError(f"the RLE is of size {str(size)[:40]}, the image of {[height, width]} (height, width)")
    runs = _decompressed(counts) if isinstance(counts, str) else counts
    if not isinstance(runs, list) or not all(type(run) is int and run >= 0 for run in runs):
        raise ValueError("the counts of the RLE are neither text nor whole numbers from 0")
    if sum(runs) != height * width:
        raise ValueError(f"the runs of the RLE sum to {sum(runs)}, the image has {height * width} pixels")
    return from_library(coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width))


def _decompressed(text: str) -> Sequence[int]:
    """The runs of COCO's text: six bits a character, the lowest first; from the third on differences to two before."""
    runs: list[int] = []
    value, shift = 0, 0
    for character in text:
        bits = ord(character) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("the counts of the RLE have a character that none of COCO's has")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift:
        raise ValueError("the counts of the RLE are cut off")
    return runs
