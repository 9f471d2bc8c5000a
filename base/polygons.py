"""Masks ↔ polygons whose corners are on the edges of pixels: pixel (x, y) covers x…x + 1 and y…y + 1.

So an object of one pixel is a square, and a mask comes back from its polygons to the pixel. All polygons here are
(N, 2) float64 of x and y, closed (the last corner is joined to the first), and are filled by the even-odd rule.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from faster_coco_eval import mask as coco_mask

from base.rle import Rle, encode, from_library
from base.simplify import simplified

FARTHEST, LONGEST = 1e6, 1e7
"""Corners and outlines in pixels: the library allocates 80 bytes for each pixel of an outline, also far outside."""


@dataclass(frozen=True)
class Part:
    """Pixels that touch at a side or a corner.

    Attributes:
        outer: (N, 2) clockwise as an image is shown.
        holes: (N, 2) each, counterclockwise from its highest corner.
    """

    outer: np.ndarray
    holes: tuple[np.ndarray, ...] = ()

    @property
    def rings(self) -> list[np.ndarray]:
        """The outer polygon, then the holes: what `rasterize` takes."""
        return [self.outer, *self.holes]


def outlines(mask: np.ndarray, tolerance: float = 0.0) -> list[Part]:
    """The parts of a mask by the first of their pixels, row by row; none for an empty mask.

    Args:
        mask: (h, w), anything but 0 is the object.
        tolerance: 0 keeps every corner: the polygons are exact. Above, corners are left out that are no more than so
            many pixels from the polygon that is left; a polygon that would vanish keeps all of its corners.
    """
    left, top, width, height = cv2.boundingRect((mask != 0).astype(np.uint8))
    inside = np.pad(mask[top : top + height, left : left + width] != 0, 1)
    found = [(inside[ring[0, 1] + 1, ring[0, 0] + 1], ring) for ring in _rings(inside)]
    labels = cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)[1] if len(found) > 1 else inside
    holes: dict[int, list[np.ndarray]] = {}
    for is_outer, ring in found:
        x, y = ring[0]
        if not is_outer:  # the pixel above its first corner is one of the part around it
            holes.setdefault(int(labels[y, x + 1]), []).append(
                _placed(np.roll(ring[::-1], 1, axis=0), left, top, tolerance)
            )
    return [
        Part(_placed(ring, left, top, tolerance), tuple(holes.get(int(labels[ring[0, 1] + 1, ring[0, 0] + 1]), ())))
        for is_outer, ring in found
        if is_outer
    ]


def bridged(part: Part) -> np.ndarray:
    """One polygon for a part with its holes: cut lines of no width lead to each hole, up from its highest corner.

    `rasterize` and COCO's rasterizer fill it exactly; one that also draws the outline (OpenCV's) sees the cut lines
    inside of the object only.
    """
    polygon = part.outer
    for hole in sorted(part.holes, key=lambda ring: ring[0, 1]):
        polygon = _with_hole(polygon, hole)
    return polygon


def joined(parts: Sequence[Part]) -> np.ndarray:
    """One polygon for all parts with their holes, for formats with one polygon for an object (Ultralytics' YOLO).

    The parts are joined by cut lines of no width, each way once, so that `rasterize` and COCO's rasterizer fill it
    exactly.

    Raises:
        ValueError: there is no part.
    """
    if not parts:
        raise ValueError("joined needs one part or more; the mask is empty.")
    polygon, *others = map(bridged, parts)
    for other in others:
        here, there = _near(polygon, other)
        polygon = _inserted(polygon, here, np.roll(other, -there, axis=0), polygon[here])
    return polygon


def rasterize(polygons: Sequence[np.ndarray], height: int, width: int) -> Rle:
    """The mask of all polygons TOGETHER by the even-odd rule: a polygon within another one is a hole in it.

    Exact for `Part.rings`, and for what `bridged` and `joined` made; cut lines have no pixels. COCO's rasterizer, which
    this is, takes the union where an object has several polygons: for files in COCO's format use
    `data_loader.coco.segmentation.to_rle`. For a single polygon per object (YOLO, LabelMe) both are the same.

    Args:
        polygons: (N, 2) each, in pixels; none is an empty mask.
        height, width: of the image.

    Raises:
        ValueError: as `check_polygon`.
    """
    if not len(polygons):
        return encode(np.zeros((height, width), np.uint8))
    for polygon in polygons:
        check_polygon(polygon)
    there = [piece for polygon in polygons for piece in (polygon, polygon[:1])]
    back = [polygon[:1] for polygon in reversed(polygons)]
    path = np.concatenate([*there, *back])
    check_polygon(path)
    return from_library(coco_mask.frPyObjects([path.reshape(-1).astype(np.float64).tolist()], height, width)[0])


def check_polygon(polygon: np.ndarray) -> None:
    """Whether COCO's rasterizer can fill it without taking all memory.

    Args:
        polygon: (N, 2), in pixels.

    Raises:
        ValueError: it has fewer than three corners, one that is no place near the image, or its outline is too long.
    """
    if np.ndim(polygon) != 2 or np.shape(polygon)[1] != 2 or len(polygon) < 3:
        raise ValueError(f"a polygon needs three corners or more, x and y each; received {np.shape(polygon)}")
    if not (np.abs(polygon) <= FARTHEST).all():
        raise ValueError("a polygon has a corner that is no place near the image")
    length = np.abs(np.diff(polygon, axis=0, append=polygon[:1])).max(axis=1).sum()
    if length > LONGEST:
        raise ValueError(f"the outline of a polygon is {length:.0f} pixels long: no object has such a one")


def _rings(inside: np.ndarray) -> Iterator[np.ndarray]:
    """All outlines of a padded mask, each (N, 2) int, clockwise from the left of its highest corners.

    Every corner ends one horizontal and one vertical edge. On a line of the grid, edges are disjoint: its corners, in
    order, are joined two by two.
    """
    points, by_column = _corners(inside)
    across = np.arange(len(points)) ^ 1
    down = np.empty_like(across)
    down[by_column] = by_column[across]
    following, across = down[across].tolist(), across.tolist()
    seen = bytearray(len(points))
    for first in range(0, len(points), 2):
        path, here = [], first
        while not seen[here]:
            seen[here] = seen[across[here]] = 1
            path += (here, across[here])
            here = following[here]
        if path:
            yield points[path]


def _corners(inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) x and y of all corners, row by row, and their order column by column.

    Where two pixels touch at a corner only, it is two: the first ends the edge to its left. The order by column joins
    that edge to the one that keeps both pixels in one part.
    """
    above, below = inside[:-1], inside[1:]
    sides = above != below  # whether there is an edge of the outline below
    single = sides[:, :-1] != sides[:, 1:]
    double = sides[:, :-1] & sides[:, 1:] & (above[:, :-1] != above[:, 1:])
    y, x = np.nonzero(single | double)
    repeats = 1 + double[y, x]
    falling = above[:, :-1][y, x] & double[y, x]  # the pixels touch from upper left to lower right
    second = np.arange(len(y)).repeat(repeats)
    copies = np.arange(len(second)) - (np.cumsum(repeats) - repeats)[second]
    y, x = y[second], x[second]
    by_column = np.argsort((x * (len(single) + 1) + y) * 2 + (copies ^ falling[second]))
    return np.stack([x, y], axis=1), by_column


def _placed(ring: np.ndarray, left: int, top: int, tolerance: float) -> np.ndarray:
    placed = ring + np.array([left, top], np.float64)
    return simplified(placed, tolerance) if tolerance > 0 else placed


def _with_hole(polygon: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Joins a hole whose first corner is its highest to the edge above it; where there is none, to the next corner."""
    x, y = hole[0]
    ends = np.roll(polygon, -1, axis=0)
    spans = (polygon[:, 0] != ends[:, 0]) & ((polygon[:, 0] - x) * (ends[:, 0] - x) <= 0)
    at = np.flatnonzero(spans)
    share = (x - polygon[at, 0]) / (ends[at, 0] - polygon[at, 0])
    heights = polygon[at, 1] + share * (ends[at, 1] - polygon[at, 1])
    above = np.flatnonzero(heights <= y)
    if not len(above):
        nearest = int(np.square(polygon - hole[0]).sum(axis=1).argmin())
        return _inserted(polygon, nearest, hole, polygon[nearest])
    highest = above[heights[above].argmax()]
    return _inserted(polygon, int(at[highest]), hole, np.array([x, heights[highest]]))


def _inserted(polygon: np.ndarray, after: int, ring: np.ndarray, foot: np.ndarray) -> np.ndarray:
    """The polygon, left after a corner for `foot`, then for a whole ring and back to `foot`."""
    detour = [*([] if (polygon[after] == foot).all() else [foot[None]]), ring, ring[:1], foot[None]]
    return np.concatenate([polygon[: after + 1], *detour, polygon[after + 1 :]])


def _near(polygon: np.ndarray, other: np.ndarray) -> tuple[int, int]:
    """Corners of two polygons that are near each other, in time that grows with their number only."""
    here, there = 0, -1
    while True:
        found = int(np.square(other - polygon[here]).sum(axis=1).argmin())
        if found == there:
            return here, there
        there = found
        here = int(np.square(polygon - other[there]).sum(axis=1).argmin())
