"""A transparent layer to paint on: smooth outlines with soft edges, filled with a shaded, patterned color."""

from collections.abc import Callable, Sequence
from copy import copy
from typing import Self

import cv2
import numpy as np

Paint = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""(x, y, noise), each (h, w) float32 in the animal's units, noise in about -1…1 → (h, w, 3) float32 RGB, or (3,)."""

_LIGHT = np.array([-0.45, -0.75], np.float32)
_SHIFT = 4
_CELLS = 10
_FLAT_BELOW = 9
"""Parts smaller than so many pixels are not shaded."""


def ellipse(x: float, y: float, rx: float, ry: float, degrees: float = 0.0) -> np.ndarray:
    """(48, 2) points of an outline."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    points = np.stack([rx * np.cos(angles), ry * np.sin(angles)], axis=1)
    turn = np.deg2rad(degrees)
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return points @ rotate + (x, y)


def smooth(points: Sequence | np.ndarray, closed: bool = True, steps: int = 8) -> np.ndarray:
    """(len(points) · steps, 2) points of the Catmull-Rom curve through `points`."""
    knots = np.asarray(points, float)
    padded = np.vstack([knots[-1:], knots, knots[:2]]) if closed else np.vstack([knots[:1], knots, knots[-1:]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    cubic = -p0 + 3 * p1 - 3 * p2 + p3
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + cubic * t**3)
    return curve.reshape(-1, 2) if closed else np.vstack([curve.reshape(-1, 2), knots[-1:]])


def limb(points: Sequence | np.ndarray, widths: list[float]) -> np.ndarray:
    """The outline of a tail or leg: a curve through `points` that has these half widths there, with a round end."""
    path = smooth(points, closed=False)
    place = np.linspace(0, len(widths) - 1, len(path))
    half = np.interp(place, np.arange(len(widths)), widths)[:, None]
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    side = ahead[:, ::-1] * (-1, 1)
    bend = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1, None]
    tip = path[-1] + half[-1] * (np.cos(bend) * ahead[-1] + np.sin(bend) * side[-1])
    return np.vstack([path + half * side, tip, (path - half * side)[::-1]])


def fluffy(outline: np.ndarray, amount: float, rng: np.random.Generator) -> np.ndarray:
    """Tufts of fur along an outline; `amount` is twice their length in the animal's units."""
    if amount <= 0:
        return outline
    closed = np.vstack([outline, outline[:1]])
    steps = np.linalg.norm(np.diff(closed, axis=0), axis=1)
    along = np.concatenate([[0], np.cumsum(steps)])
    count = 2 * max(12, int(along[-1] / (2.2 * amount + 0.05)))
    at = np.linspace(0, along[-1], count, endpoint=False)
    points = np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=1)
    ahead = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    outward = ahead[:, ::-1] * (1, -1) / (np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9)
    if np.sum(outward * (points - points.mean(axis=0))) < 0:
        outward = -outward
    length = amount * rng.uniform(0.3, 0.65, count) * np.where(np.arange(count) % 2, 1.0, -0.35)
    return smooth(points + outward * length[:, None], steps=3)


class Layer:
    """A transparent image in which one thing is painted, part over part.

    Args:
        size: (height, width) in pixels.
        matrix: (2, 3) map from the thing's units to pixels.
        rng: gives the texture.

    Attributes:
        rgb: (h, w, 3) float32 0…255.
        alpha: (h, w) float32 0…1.
    """

    def __init__(self, size: tuple[int, int], matrix: np.ndarray, rng: np.random.Generator):
        self.rgb = np.zeros((*size, 3), np.float32)
        self.alpha = np.zeros(size, np.float32)
        cells = rng.uniform(-1, 1, (_CELLS, _CELLS)).astype(np.float32)
        self._noise = cv2.resize(cells, size[::-1], interpolation=cv2.INTER_CUBIC)
        self._place(matrix)

    def within(self, matrix: np.ndarray) -> Self:
        """The same layer for painting in other units: (3, 3) map from those to this layer's units."""
        other = copy(self)
        other._place((np.vstack([self._matrix, [0, 0, 1]]) @ matrix)[:2])
        return other

    def _place(self, matrix: np.ndarray) -> None:
        self._matrix = matrix
        (a, b, c), (d, e, f) = cv2.invertAffineTransform(matrix).tolist()  # NumPy's scalars would make it float64
        rows = np.arange(self.alpha.shape[0], dtype=np.float32)[:, None]
        columns = np.arange(self.alpha.shape[1], dtype=np.float32)
        self._x, self._y = a * columns + b * rows + c, d * columns + e * rows + f
        self._scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))

    def fill(self, outline: np.ndarray, paint: Paint | tuple, depth: float = 0.35) -> None:
        """Paints the inside of an outline.

        Args:
            outline: (k, 2) points in the thing's units.
            paint: a color, or a function of the place.
            depth: how round it looks, 0 is flat.
        """
        points = outline @ self._matrix[:, :2].T + self._matrix[:, 2]
        window = self._window(points)
        if window is None:
            return
        (top, bottom), (left, right) = window
        cover = np.zeros((bottom - top, right - left), np.uint8)
        fixed = np.round((points - (left, top) - 0.5) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(cover, [fixed], 255, cv2.LINE_AA, _SHIFT)
        color = self._color(paint, top, left, cover.shape)
        if depth and min(cover.shape) > _FLAT_BELOW:
            color = color * _relief(cover, depth)[..., None]
        self._blend(cover.astype(np.float32) / 255, color, (slice(top, bottom), slice(left, right)))

    def line(self, points: np.ndarray, width: float, color: tuple) -> None:
        """Paints an open curve of points (k, 2); `width` in the thing's units."""
        self.lines([points], width, color)

    def lines(self, curves: Sequence[np.ndarray], width: float, color: tuple) -> None:
        """Paints several open curves at once; they do not widen what is painted already."""
        placed = [points @ self._matrix[:, :2].T + self._matrix[:, 2] for points in curves]
        window = self._window(np.vstack(placed), margin=3)
        if window is None:
            return
        (top, bottom), (left, right) = window
        cover = np.zeros((bottom - top, right - left), np.uint8)
        fixed = [np.round((points - (left, top) - 0.5) * 2**_SHIFT).astype(np.int32) for points in placed]
        thick = width * self._scale
        cv2.polylines(cover, fixed, False, 255, max(1, round(thick)), cv2.LINE_AA, _SHIFT)
        inside = self.alpha[top:bottom, left:right] > 0.5
        strength = np.float32(min(1.0, thick) / 255)
        area = (slice(top, bottom), slice(left, right))
        self._blend(cover * strength * inside, np.array(color, np.float32), area)

    def _window(self, points: np.ndarray, margin: int = 2) -> tuple | None:
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin, 0)
        high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + margin, self.alpha.shape[::-1])
        if (high <= low).any():
            return None
        return (low[1], high[1]), (low[0], high[0])

    def _color(self, paint: Paint | tuple, top: int, left: int, size: tuple[int, int]) -> np.ndarray:
        if not callable(paint):
            return np.broadcast_to(np.array(paint, np.float32), (*size, 3))
        area = slice(top, top + size[0]), slice(left, left + size[1])
        return paint(self._x[area], self._y[area], self._noise[area])

    def _blend(self, cover: np.ndarray, color: np.ndarray, area: tuple[slice, slice]) -> None:
        old_alpha = self.alpha[area]
        share = cover
        if old_alpha.min() < 1:
            new_alpha = cover + old_alpha * (1 - cover)
            share = cover / np.maximum(new_alpha, 1e-6)
            self.alpha[area] = new_alpha
        change = color - self.rgb[area]
        change *= share[..., None]
        self.rgb[area] += change


def _relief(cover: np.ndarray, depth: float) -> np.ndarray:
    """(h, w) brightness of a cushion of this outline, lit from the upper left."""
    height, width = cover.shape
    small = cv2.resize(cover, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    dome = cv2.GaussianBlur(small, (0, 0), 5, borderType=cv2.BORDER_CONSTANT)
    slope_x, slope_y = cv2.Sobel(dome, cv2.CV_32F, 1, 0), cv2.Sobel(dome, cv2.CV_32F, 0, 1)
    light = 1 + depth * np.clip(-(_LIGHT[0] * slope_x + _LIGHT[1] * slope_y) * 1.6, -0.9, 0.6)
    return cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)
