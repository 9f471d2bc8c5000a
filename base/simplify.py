"""Fewer corners for a polygon, by Douglas and Peucker (1973)."""

import numpy as np


def simplified(polygon: np.ndarray, tolerance: float) -> np.ndarray:
    """Leaves out corners that are no more than `tolerance` from the polygon that is left.

    Args:
        polygon: (N, 2) x and y, closed: the last corner is joined to the first.
        tolerance: in the unit of the corners.

    Returns:
        (n, 2), n from 3 to N; the polygon itself where fewer than three corners would be left.
    """
    farthest = int(np.square(polygon - polygon[0]).sum(axis=1).argmax())
    line = np.concatenate([polygon, polygon[:1]])
    kept = np.zeros(len(line), bool)
    kept[[0, farthest]] = True
    pending = [(0, farthest), (farthest, len(polygon))]
    while pending:
        first, last = pending.pop()
        if last - first < 2:
            continue
        distances = _distances(line[first + 1 : last], line[first], line[last])
        middle = first + 1 + int(distances.argmax())
        if distances[middle - first - 1] > tolerance:
            kept[middle] = True
            pending += [(first, middle), (middle, last)]
    found = polygon[kept[:-1]]
    return found if len(found) > 2 else polygon


def _distances(points: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(n,) distances of points from the segment between two points."""
    along = last - first
    length = float(along @ along)
    share = np.clip((points - first) @ along / length, 0, 1) if length else np.zeros(len(points))
    return np.sqrt(np.square(points - first - share[:, None] * along).sum(axis=1))
