"""Work on the runs of compressed masks, without an image of all their pixels: time and memory follow the object's size.

A mask of a 6000×4000 image has 24 million pixels, that of an object on it a few hundred runs. COCO's RLE counts the
pixels down the columns, from the left; see `base.rle`.

Alphabet: `R` runs of the object, `S` segments: the pieces of runs that are in one column.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from faster_coco_eval import mask as coco_mask

from base import rle
from base.rle import Rle
from base.view import Window


class Crop(NamedTuple):
    """A mask near its object.

    Attributes:
        pixels: (h, w) bool or uint8, nonzero where the object is.
        left: column of the first pixel in the image.
        top: row of the first pixel in the image.
    """

    pixels: np.ndarray
    left: int
    top: int


class Segments(NamedTuple):
    """Pieces of columns, (S,) int64 each: the column, the first row and the one after the last."""

    columns: np.ndarray
    tops: np.ndarray
    bottoms: np.ndarray


def encode_crop(crop: Crop, size: tuple[int, int]) -> Rle:
    """The mask of an image of this size (height, width) that is `crop` and 0 elsewhere.

    Raises:
        ValueError: the crop reaches beyond the image.
    """
    height, width = crop.pixels.shape
    if crop.left < 0 or crop.top < 0 or crop.left + width > size[1] or crop.top + height > size[0]:
        raise ValueError(f"encode_crop received {width}×{height} pixels at {crop[1:]} for an image of {size[::-1]}")
    # A pixel of background before the first column and after each, so that no run reaches the next one.
    flat = np.zeros(1 + width * (height + 1), bool)
    flat[1:].reshape(width, height + 1)[:, :-1] = crop.pixels.T
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    columns, tops = np.divmod(edges[::2], height + 1)
    bottoms = edges[1::2] - columns * (height + 1)
    return from_segments(Segments(columns + crop.left, tops + crop.top, bottoms + crop.top), size)


def tight_crop(mask: Rle, pad: int = 0) -> Crop:
    """The mask's pixels inside its tight box, as uint8, with `pad` more on each side where the image has them.

    That of an empty mask has no pixel, whatever `pad`: it is nowhere in the image.
    """
    left, top, width, height = (int(value) for value in rle.xywh(mask))
    if not width:
        return Crop(np.zeros((0, 0), np.uint8), 0, 0)
    x0, y0 = max(left - pad, 0), max(top - pad, 0)
    x1, y1 = min(left + width + pad, mask["size"][1]), min(top + height + pad, mask["size"][0])
    return Crop(decode_window(mask, (x0, y0, x1, y1)), x0, y0)


def decode_window(mask: Rle, window: Window) -> np.ndarray:
    """(h, w) uint8 of 0 and 1: the mask's pixels in a window inside the image."""
    x0, y0, x1, y1 = window
    columns, tops, bottoms = segments(mask)
    tops, bottoms = np.clip(tops, y0, y1) - y0, np.clip(bottoms, y0, y1) - y0
    seen = (columns >= x0) & (columns < x1) & (tops < bottoms)
    steps = np.zeros((x1 - x0, y1 - y0 + 1), np.int8)
    np.add.at(steps, (columns[seen] - x0, tops[seen]), 1)
    np.add.at(steps, (columns[seen] - x0, bottoms[seen]), -1)
    return np.ascontiguousarray(np.cumsum(steps, axis=1, dtype=np.int8)[:, :-1].T.astype(np.uint8))


def area_within(mask: Rle, window: Window) -> int:
    """The number of the object's pixels in a window."""
    x0, y0, x1, y1 = window
    columns, tops, bottoms = segments(mask)
    seen = (columns >= x0) & (columns < x1)
    return int(np.maximum(np.minimum(bottoms, y1) - np.maximum(tops, y0), 0)[seen].sum())


def placed(mask: Rle, left: int, top: int, size: tuple[int, int]) -> Rle:
    """The mask of a window at (left, top) as that of the image of this size (height, width).

    Raises:
        ValueError: the window reaches beyond the image.
    """
    height, width = mask["size"]
    if left < 0 or top < 0 or left + width > size[1] or top + height > size[0]:
        raise ValueError(f"placed received a mask of {width}×{height} at {(left, top)} for an image of {size[::-1]}")
    columns, tops, bottoms = segments(mask)
    return from_segments(Segments(columns + left, tops + top, bottoms + top), size)


def united(masks: Sequence[Rle]) -> Rle:
    """The pixels in any of the masks, which have one size."""
    parts = [segments(mask) for mask in masks]
    height, width = masks[0]["size"]
    return from_segments(Segments(*map(np.concatenate, zip(*parts, strict=True))), (height, width))


def segments(mask: Rle) -> Segments:
    """The columns' pieces of the object, in the order of the runs."""
    height = mask["size"][0]
    ends = np.cumsum(_counts(mask["counts"]))
    starts, stops = ends[: len(ends) // 2 * 2 : 2], ends[1::2]
    starts, stops = starts[starts < stops], stops[starts < stops]
    first, last = starts // height, (stops - 1) // height
    pieces = last - first + 1
    columns = np.repeat(first - np.cumsum(pieces) + pieces, pieces) + np.arange(pieces.sum())
    base = columns * height
    tops = np.maximum(np.repeat(starts, pieces) - base, 0)
    bottoms = np.minimum(np.repeat(stops, pieces) - base, height)
    return Segments(columns, tops, bottoms)


def from_segments(found: Segments, size: tuple[int, int]) -> Rle:
    """The mask of an image of this size (height, width) with these pieces, in any order; they may overlap."""
    height, width = size
    starts, stops = found.columns * height + found.tops, found.columns * height + found.bottoms
    if len(starts):
        order = np.argsort(starts, kind="stable")
        starts, stops = starts[order], np.maximum.accumulate(stops[order])
        apart = starts[1:] > stops[:-1]  # a run that ends at the bottom goes over into one that starts at the top
        starts, stops = starts[np.concatenate([[True], apart])], stops[np.concatenate([apart, [True]])]
    edges = np.zeros(2 + 2 * len(starts), np.int64)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = starts, stops, height * width
    counts = edges[1:] - edges[:-1]
    counts = counts[: len(counts) - (counts[-1] == 0)] if len(counts) > 1 else counts
    found_rle = coco_mask.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    return rle.from_library(found_rle)


def _counts(text: str) -> np.ndarray:
    """The lengths of the runs, of background and object in turn, from COCO's text, which is correct.

    Five bits a character, the lowest first, and one that says whether more follow; from the fourth on, the difference
    to the one two before.
    """
    bits = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    ends = np.flatnonzero(bits & 32 == 0)
    starts = np.append(0, ends[:-1] + 1)
    place = np.arange(len(bits)) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((bits & 31) << 5 * place, starts)
    values -= np.where(bits[ends] & 16, 1 << 5 * (place[ends] + 1), 0)
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values
