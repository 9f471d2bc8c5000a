"""Letters on images: labels that find a free place inside the image, and titles above it."""

from functools import cache

import cv2
import numpy as np

Color = tuple[int, int, int]
"""RGB, 0…255."""

Span = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, x1 and y1 outside."""

_WEIGHT = 560
_PAPER, _INK = (255, 255, 255), (28, 32, 38)
_DARK, _LIGHT = (16, 18, 22), (255, 255, 255)


def paint_labels(image: np.ndarray, labels: list[tuple[str, np.ndarray, Color]]) -> None:
    """Labels in order of importance: each takes the first free place, the important ones are on top."""
    height, width = image.shape[:2]
    size = int(np.clip(round(max(height, width) / 30), 9, 40))
    places: list[tuple[str, Span, Color]] = []
    for full, box, color in labels:
        pad = max(2, round(size * 0.35))
        text = _shortened(full, size, width - 2 * pad)
        extent = (_text_width(text, size) + 2 * pad, round(size * 1.1) + 2 * round(pad * 0.7))
        taken = [span for _, span, _ in places]
        places.append((text, _place(box, extent, (height, width), taken), color))
    for text, span, color in reversed(places):
        _paint_label(image, text, span, color, size)


def with_title(image: np.ndarray, title: str) -> np.ndarray:
    """The image with a white band above it that bears the title."""
    size = int(np.clip(round(max(image.shape[:2]) / 22), 11, 48))
    band = np.full((round(size * 1.9), image.shape[1], 3), _PAPER, np.uint8)
    text = _shortened(title, size, band.shape[1] - size)
    _write(band, text, ((band.shape[1] - _text_width(text, size)) // 2, round(size * 1.3)), _INK, size)
    return np.concatenate([band, image])


def blend(area: np.ndarray, color: Color | np.ndarray, alpha: np.ndarray) -> None:
    """Lays a color, or pixels (h, w, 3), over `area` (h, w, 3) float32, in place; alpha (h, w) in 0…1."""
    area += alpha[..., None] * (np.asarray(color, np.float32) - area)


def _place(box: np.ndarray, extent: tuple[int, int], limits: tuple[int, int], taken: list[Span]) -> Span:
    """Above the box, within it, below it, at its right: the first free place, moved into the image."""
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    wide, high = extent
    height, width = limits
    inside = [(x0, y0 - high)] if y0 >= high else []
    spans = []
    for x, y in [*inside, (x0, y0), (x0, y1 - high), (x1 - wide, y0), (x0, y1), (x1 - wide, y1 - high)]:
        left, top = max(0, min(x, width - wide)), max(0, min(y, height - high))
        spans.append((left, top, left + wide, top + high))
    free = [span for span in spans if not any(_overlap(span, other) for other in taken)]
    return (free or spans)[0]


def _overlap(a: Span, b: Span) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _paint_label(image: np.ndarray, text: str, span: Span, color: Color, size: int) -> None:
    x0, y0, x1, y1 = span
    area = image[max(y0, 0) : y1, max(x0, 0) : x1].astype(np.float32)
    blend(area, color, _rounded(*area.shape[:2], radius=size * 0.3) * 0.94)
    red, green, blue = color
    ink = _DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 150 else _LIGHT
    tile = np.ascontiguousarray(np.rint(area).astype(np.uint8))
    left = (tile.shape[1] - _text_width(text, size)) // 2
    _write(tile, text, (max(left, 0), round(tile.shape[0] / 2 + size * 0.36)), ink, size)
    image[max(y0, 0) : y1, max(x0, 0) : x1] = tile


def _rounded(height: int, width: int, radius: float) -> np.ndarray:
    """(height, width) float32: the coverage of a rectangle with round corners."""
    y = np.abs(np.arange(height, dtype=np.float32) + 0.5 - height / 2) - (height / 2 - radius)
    x = np.abs(np.arange(width, dtype=np.float32) + 0.5 - width / 2) - (width / 2 - radius)
    distance = np.hypot(np.maximum(y, 0)[:, None], np.maximum(x, 0)[None])
    return np.clip(radius + 0.5 - distance, 0, 1)


@cache
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _text_width(text: str, size: int) -> int:
    """Pixels from the first letter to the end of the last."""
    left, _, width, _ = cv2.getTextSize((1 << 15, 1 << 15), text, (0, 0), _font(), size, _WEIGHT)
    return left + width


def _shortened(text: str, size: int, limit: int) -> str:
    """The text, cut off with an ellipsis where it is wider than `limit` pixels."""
    if _text_width(text, size) <= limit:
        return text
    while text and _text_width(text + "…", size) > limit:
        text = text[:-1]
    return text + "…"


def _write(tile: np.ndarray, text: str, base: tuple[int, int], color: Color, size: int) -> None:
    cv2.putText(tile, text, base, color, _font(), size, _WEIGHT)
