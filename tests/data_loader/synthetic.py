"""A synthetic data set as arrays, to be written in each format and read back; nothing here uses the project's code.

Objects do not overlap, so that index images can hold them. There are holes, several parts, objects that touch, a crowd,
an object of one pixel and an image without any.
"""

from dataclasses import dataclass, replace

import contourpy
import cv2
import numpy as np

CLASSES = ("cup", "fork", "spoon")
CATEGORY_IDS = {"cup": 7, "fork": 3, "spoon": 90}
SIZE = (96, 128)
_CELL = 32


@dataclass(frozen=True)
class Thing:
    """An object: its class, its pixels (h, w) bool, and whether it is a crowd."""

    label: str
    mask: np.ndarray
    crowd: bool = False


@dataclass(frozen=True)
class Shown:
    """An image of a split: its name without ending, (h, w, 3) uint8 RGB, its objects."""

    name: str
    split: str
    pixels: np.ndarray
    things: tuple[Thing, ...]

    def without_crowds(self) -> "Shown":
        return replace(self, things=tuple(thing for thing in self.things if not thing.crowd))


def synthetic(seed: int = 0) -> list[Shown]:
    """Six images: four to learn from, one each to validate and to test."""
    rng = np.random.default_rng(seed)
    contents = [
        [_ring(0, 0), _parts(0, 1), *_touching(1, 1), _pixel(2, 3), _blob(2, 0, rng)],
        [_blob(row, column, rng) for row in range(3) for column in range(4)],
        [],
        [_blob(0, 0, rng), _crowd(1, 1, rng), _ring(2, 3)],
        [_parts(1, 2), _pixel(0, 0), _pixel(2, 2)],
        [_ring(1, 1), _ring(1, 2), _blob(0, 3, rng)],
    ]
    splits = ("train",) * 4 + ("val", "test")
    return [
        Shown(f"scene_{number}", split, _colored(things, rng), tuple(things))
        for number, (split, things) in enumerate(zip(splits, contents, strict=True), 1)
    ]


def _empty() -> np.ndarray:
    return np.zeros(SIZE, bool)


def _at(row: int, column: int, cell: np.ndarray) -> np.ndarray:
    mask = _empty()
    mask[row * _CELL : (row + 1) * _CELL, column * _CELL : (column + 1) * _CELL] = cell
    return mask


def _disk(x: float, y: float, radius: float) -> np.ndarray:
    down, across = np.mgrid[:_CELL, :_CELL]
    return (across - x) ** 2 + (down - y) ** 2 <= radius**2


def _ring(row: int, column: int) -> Thing:
    """With two holes."""
    return Thing("cup", _at(row, column, _disk(15, 15, 14) & ~_disk(9, 15, 4) & ~_disk(21, 14, 4)))


def _parts(row: int, column: int) -> Thing:
    return Thing("fork", _at(row, column, _disk(8, 8, 6) | _disk(22, 20, 8)))


def _touching(row: int, column: int) -> list[Thing]:
    """Two of one class and one of another, side by side."""
    cell = np.zeros((_CELL, _CELL), np.uint8)
    cell[4:28, 2:12], cell[4:28, 12:22], cell[6:20, 22:30] = 1, 2, 3
    return [Thing(label, _at(row, column, cell == value)) for value, label in ((1, "cup"), (2, "cup"), (3, "spoon"))]


def _pixel(row: int, column: int) -> Thing:
    cell = np.zeros((_CELL, _CELL), bool)
    cell[17, 11] = True
    return Thing("spoon", _at(row, column, cell))


def _blob(row: int, column: int, rng: np.random.Generator) -> Thing:
    """Smoothed noise: any number of parts and holes."""
    noise = cv2.GaussianBlur(rng.random((_CELL, _CELL)), (0, 0), 3)
    return Thing(CLASSES[(row + column) % 3], _at(row, column, noise > np.quantile(noise, 0.55)))


def _crowd(row: int, column: int, rng: np.random.Generator) -> Thing:
    return Thing("fork", _at(row, column, rng.random((_CELL, _CELL)) > 0.5), crowd=True)


def _colored(things: list[Thing], rng: np.random.Generator) -> np.ndarray:
    pixels = rng.integers(0, 60, (*SIZE, 3), dtype=np.uint8)
    for thing in things:
        pixels[thing.mask] = rng.integers(90, 255, 3)
    return pixels


def exact_polygon(mask: np.ndarray) -> np.ndarray:
    """One polygon whose even-odd filling is the mask: a rectangle for each run of a row, joined by cut lines."""
    start = None
    corners = []
    for y, row in enumerate(mask):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(int), [0]])))
        for left, right in edges.reshape(-1, 2):
            corner = [left, y]
            start = start or corner
            corners += [corner, [right, y], [right, y + 1], [left, y + 1], corner, start]
    return np.array(corners, float)


def contours(mask: np.ndarray) -> list[np.ndarray]:
    """The outlines as a person would draw them, through the middle between pixels in and out: parts and holes."""
    padded = np.pad(mask.astype(float), 1)
    lines = contourpy.contour_generator(z=padded, line_type=contourpy.LineType.Separate).lines(0.5)
    return [line[:-1] - 0.5 for line in lines]


def drawn_polygon(mask: np.ndarray) -> np.ndarray:
    """All outlines in one polygon, each entered from the first corner of the first and left to there."""
    rings = contours(mask)
    start = rings[0][:1]
    return np.concatenate([piece for ring in rings for piece in (ring, ring[:1], start)])


def iou(a: np.ndarray, b: np.ndarray) -> float:
    return np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))


def components(mask: np.ndarray) -> list[np.ndarray]:
    """The regions of pixels that touch at a side or a corner, by walking over them."""
    left = {(int(y), int(x)) for y, x in zip(*np.nonzero(mask), strict=True)}
    found = []
    while left:
        region, edge = np.zeros_like(mask), [left.pop()]
        while edge:
            y, x = edge.pop()
            region[y, x] = True
            near = {(y + down, x + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & left
            left -= near
            edge += near
        found.append(region)
    return found
