"""Tiles: an image larger than the network's input as overlapping windows, each predicted at its full resolution.

After SAHI (Akyon et al. 2022, https://arxiv.org/abs/2202.06934): a pass over the whole image finds the large objects,
the tiles find the small ones, and what was found twice or cut by a seam is merged; see `inference.merge_tiles`.
"""

import math
from dataclasses import dataclass

from base.batch import Size
from base.view import Window


@dataclass(frozen=True)
class Tiling:
    """How an image is cut, and when two detections are one object.

    Attributes:
        size: the side of a tile in pixels of the image; None for the size of the network's input. An image that is no
            larger is not cut. Of several sizes there are the tiles of each: since every tile is resized to the
            network's input, these are several scales, enlarged ones among them.
        overlap: of neighboring tiles, at least, as a fraction of their size. An object up to this size is whole in one
            of the tiles; without overlap none that is cut can be merged.
        whole: whether the whole image is predicted too.
        threshold: from 0 to 1; how much of the smaller of two masks, where both views see it, the other has to cover.

    Raises:
        ValueError: a value is out of its range.
    """

    size: int | tuple[int, ...] | None = None
    overlap: float = 0.2
    whole: bool = True
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if any(size < 1 for size in self.sizes):
            raise ValueError(f"Tiling received the size {self.size}; give 1 pixel or more")
        if not 0 <= self.overlap <= 0.9:
            raise ValueError(f"Tiling received the overlap {self.overlap}; give 0 to 0.9")
        if not 0 < self.threshold <= 1:
            raise ValueError(f"Tiling received the threshold {self.threshold}; give more than 0, up to 1")

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sides, each once; none for the size of the network's input."""
        given = () if self.size is None else (self.size,) if isinstance(self.size, int) else self.size
        return tuple(dict.fromkeys(given))

    def windows(self, size: Size, input_size: Size) -> list[Window]:
        """The windows of an image of this size (height, width), the whole image first."""
        whole = (0, 0, size[1], size[0])
        every = [(side, side) for side in self.sizes] or [input_size]
        tiles = [window for tile in every for window in self._tiles(size, tile)]
        return [whole, *tiles] if self.whole or not tiles else tiles

    def _tiles(self, size: Size, tile: Size) -> list[Window]:
        """Those of one size (height, width); none for an image that is no larger."""
        if size[0] <= tile[0] and size[1] <= tile[1]:
            return []
        rows, columns = (spans(length, side, self.overlap) for length, side in zip(size, tile, strict=True))
        return [(x0, y0, x1, y1) for y0, y1 in rows for x0, x1 in columns]


def spans(length: int, size: int, overlap: float) -> list[tuple[int, int]]:
    """As few spans of `size` pixels as cover `length` with this overlap, spread evenly."""
    if length <= size:
        return [(0, length)]
    step = max(1, math.floor(size * (1 - overlap)))
    count = 1 + math.ceil((length - size) / step)
    starts = [round(index * (length - size) / (count - 1)) for index in range(count)]
    return [(start, start + size) for start in starts]
