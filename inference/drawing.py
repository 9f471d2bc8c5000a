"""Images for people: boxes, masks and labels over an image, images side by side and in a grid.

Everything is RGB uint8 (H, W, 3); sizes of lines and letters follow the size of the image. Needs NumPy and OpenCV 5
(its built-in font draws any script, smoothly).
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np

_VIVID = (
    (24, 119, 255), (255, 82, 64), (40, 190, 84), (255, 176, 0), (170, 74, 220), (0, 190, 184), (255, 100, 178),
    (158, 126, 86), (125, 205, 36), (94, 92, 230), (255, 130, 24), (104, 178, 240),
)  # fmt: skip
_FEW_CLASSES = 3
_MOST_COLORS = 1000
_FILL = 0.38
_WEIGHT = 560
_PAPER, _INK = (255, 255, 255), (28, 32, 38)
_DARK, _LIGHT = (16, 18, 22), (255, 255, 255)

Span = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels, x1 and y1 outside."""


def palette(n: int) -> np.ndarray:
    """(n, 3) uint8 RGB: distinct colors, always the same, the first of a larger palette equal to a smaller one.

    A dozen chosen by hand, then always the one that the eye finds farthest from all before it.

    Raises:
        ValueError: for more than 1000.
    """
    if not 0 <= n <= _MOST_COLORS:
        raise ValueError(f"palette got {n}: no more than {_MOST_COLORS} colors can be distinguished")
    return _distinct_colors(1 << max(6, (n - 1).bit_length()))[:n].copy()


@cache
def _distinct_colors(n: int) -> np.ndarray:
    levels = np.arange(0, 256, 17)
    rgb = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), -1).reshape(-1, 3)
    # Neither near black nor gray: such masks look like shadows.
    rgb = rgb[(rgb.max(1) >= 119) & (np.ptp(rgb, axis=1) >= 85)]
    lab = _lab(rgb)
    chosen = list(_VIVID)
    nearest = np.linalg.norm(lab[:, None] - _lab(np.array(_VIVID))[None], axis=-1).min(1)
    while len(chosen) < n:
        farthest = int(nearest.argmax())
        chosen.append(tuple(rgb[farthest].tolist()))
        nearest = np.minimum(nearest, np.linalg.norm(lab - lab[farthest], axis=-1))
    return np.array(chosen, np.uint8)


def _lab(rgb: np.ndarray) -> np.ndarray:
    """(N, 3) in 0…255 → (N, 3) CIELAB, in which distances are about those that people see."""
    return cv2.cvtColor(rgb.astype(np.float32)[None] / 255, cv2.COLOR_RGB2Lab)[0]


def overlay(
    image: np.ndarray,
    boxes: np.ndarray,
    classes: np.ndarray,
    class_names: Sequence[str],
    masks: np.ndarray | None = None,
    scores: np.ndarray | None = None,
    palette: np.ndarray | None = None,
) -> np.ndarray:
    """The image with its objects: translucent masks with outlines, boxes and labels that stay inside the image.

    Args:
        image: (H, W, 3) uint8 RGB; left as it is.
        boxes: (D, 4) xyxy in pixels of the image.
        classes: (D,) 1…K; objects of class 0 are padding and not shown.
        class_names: the names of the classes 1…K.
        masks: (D, H, W), nonzero where the object is.
        scores: (D,) in 0…1, written behind the name.
        palette: (P, 3) uint8 RGB, None for `palette()`. Colors go by class, or by object where there are three classes
            or fewer, which would leave an image in one color.

    Raises:
        ValueError: for an image that is not (H, W, 3) uint8 or masks of another size.
    """
    _check(image, masks)
    canvas = image.astype(np.float32)
    shown = [index for index in range(len(classes)) if classes[index] > 0]
    colors = _colors(classes, class_names, palette)
    stroke = max(1.4, max(image.shape[:2]) / 260)
    if masks is not None:
        # Large masks first: a small object upon a large one stays visible.
        for index in sorted(shown, key=lambda i: -int(np.count_nonzero(masks[i]))):
            _paint_mask(canvas, np.asarray(masks[index]) > 0, colors[index], stroke)
    painted = np.clip(np.rint(canvas), 0, 255).astype(np.uint8)
    for index in shown:
        _paint_box(painted, boxes[index], colors[index], stroke if masks is None else stroke / 2)
    order = shown if scores is None else sorted(shown, key=lambda i: -float(scores[i]))
    labels = [(_label(class_names[int(classes[i]) - 1], scores, i), boxes[i], colors[i]) for i in order]
    _paint_labels(painted, labels)
    return painted


def side_by_side(left: np.ndarray, right: np.ndarray, titles: tuple[str, str] | None = None) -> np.ndarray:
    """Two images beside each other on white, the titles above them; unlike sizes are centered."""
    pair = [left, right]
    if titles is not None:
        pair = [_with_title(image, title) for image, title in zip(pair, titles, strict=True)]
    return grid(pair, 2)


def write_image(path: Path, image: np.ndarray) -> None:
    """Writes a uint8 RGB image (H, W, 3); the ending chooses the format. Missing folders are made.

    Raises:
        OSError: it cannot be written there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(image, cv2.COLOR_RGB2BGR)):
        raise OSError(f"the image {path} cannot be written: is the disk full, is the folder writable?")


def grid(images: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Images in rows of `columns` on white.

    Columns are as wide as the widest image, each row as high as its highest; smaller images are centered.

    Raises:
        ValueError: for no image or less than one column.
    """
    if not images or columns < 1:
        raise ValueError(f"grid got {len(images)} images and {columns} columns: both must be at least 1")
    columns = min(columns, len(images))
    rows = [images[start : start + columns] for start in range(0, len(images), columns)]
    width = max(image.shape[1] for image in images)
    heights = [max(image.shape[0] for image in row) for row in rows]
    gap = max(2, round(max(width, *heights) / 60))
    sheet = np.full((sum(heights) + gap * (len(rows) - 1), columns * (width + gap) - gap, 3), _PAPER, np.uint8)
    edge = 0
    for row, height in zip(rows, heights, strict=True):
        for column, image in enumerate(row):
            top = edge + (height - image.shape[0]) // 2
            left = column * (width + gap) + (width - image.shape[1]) // 2
            sheet[top : top + image.shape[0], left : left + image.shape[1]] = image
        edge += height + gap
    return sheet


def _check(image: np.ndarray, masks: np.ndarray | None) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"overlay got an image {image.shape} {image.dtype}: give (H, W, 3) uint8 RGB")
    if masks is not None and len(masks) and np.shape(masks)[1:] != image.shape[:2]:
        raise ValueError(f"overlay got masks {np.shape(masks)} for an image {image.shape}: paste them first")


def _default_palette(n: int) -> np.ndarray:
    return palette(n)


def _colors(classes: np.ndarray, class_names: Sequence[str], colors: np.ndarray | None) -> list[tuple[int, int, int]]:
    """One color for each object; beyond the end of the palette they repeat."""
    by_object = len(class_names) <= _FEW_CLASSES
    if colors is None:
        colors = _default_palette(min(max(1, len(classes) if by_object else len(class_names)), _MOST_COLORS))
    keys = range(len(classes)) if by_object else [int(label) - 1 for label in classes]
    chosen = [colors[key % len(colors)] for key in keys]
    return [(int(red), int(green), int(blue)) for red, green, blue in chosen]


def _label(name: str, scores: np.ndarray | None, index: int) -> str:
    text = name.replace("_", " ")
    return text if scores is None else f"{text} {float(scores[index]):.2f}"


def _paint_mask(canvas: np.ndarray, mask: np.ndarray, color: tuple[int, int, int], stroke: float) -> None:
    """Fill and outline by the distance to the mask's edge, which makes both smooth; `canvas` is float32."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return
    margin = int(stroke) + 3
    window = (
        slice(max(rows[0] - margin, 0), rows[-1] + 1 + margin),
        slice(max(columns[0] - margin, 0), columns[-1] + 1 + margin),
    )
    inside = mask[window].astype(np.uint8)
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    distance = cv2.GaussianBlur(distance, (0, 0), 0.5 + stroke / 4, borderType=cv2.BORDER_REPLICATE)
    _blend(canvas[window], color, np.clip(0.5 - distance, 0, 1) * _FILL)
    _blend(canvas[window], _lighter(color), np.clip(stroke / 2 + 0.5 - np.abs(distance), 0, 1))


def _lighter(color: tuple[int, int, int]) -> tuple[int, int, int]:
    red, green, blue = (round(0.78 * value + 0.22 * 255) for value in color)
    return red, green, blue


def _blend(area: np.ndarray, color: tuple[int, int, int], alpha: np.ndarray) -> None:
    """Lay the color over `area` (h, w, 3), in place; alpha (h, w) in 0…1."""
    area += alpha[..., None] * (np.array(color, np.float32) - area)


def _paint_box(image: np.ndarray, box: np.ndarray, color: tuple[int, int, int], stroke: float) -> None:
    height, width = image.shape[:2]
    thickness = max(1, round(stroke))
    inset = thickness // 2
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    # The last pixel of a box is x1 - 1; the line of a box at the image's edge must not fall outside.
    low = (int(np.clip(x0, inset, width - 1 - inset)), int(np.clip(y0, inset, height - 1 - inset)))
    high = (int(np.clip(x1 - 1, inset, width - 1 - inset)), int(np.clip(y1 - 1, inset, height - 1 - inset)))
    cv2.rectangle(image, low, high, color, thickness, cv2.LINE_AA)


def _paint_labels(image: np.ndarray, labels: list[tuple[str, np.ndarray, tuple[int, int, int]]]) -> None:
    """Labels in order of importance: each takes the first free place, the important ones are on top."""
    height, width = image.shape[:2]
    size = int(np.clip(round(max(height, width) / 30), 9, 40))
    places: list[tuple[str, Span, tuple[int, int, int]]] = []
    for full, box, color in labels:
        pad = max(2, round(size * 0.35))
        text = _shortened(full, size, width - 2 * pad)
        extent = (_text_width(text, size) + 2 * pad, round(size * 1.1) + 2 * round(pad * 0.7))
        taken = [span for _, span, _ in places]
        places.append((text, _place(box, extent, (height, width), taken), color))
    for text, span, color in reversed(places):
        _paint_label(image, text, span, color, size)


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


def _paint_label(image: np.ndarray, text: str, span: Span, color: tuple[int, int, int], size: int) -> None:
    x0, y0, x1, y1 = span
    area = image[max(y0, 0) : y1, max(x0, 0) : x1].astype(np.float32)
    _blend(area, color, _rounded(*area.shape[:2], radius=size * 0.3) * 0.94)
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


def _with_title(image: np.ndarray, title: str) -> np.ndarray:
    """The image with a white band above it that bears the title."""
    size = int(np.clip(round(max(image.shape[:2]) / 22), 11, 48))
    band = np.full((round(size * 1.9), image.shape[1], 3), _PAPER, np.uint8)
    text = _shortened(title, size, band.shape[1] - size)
    _write(band, text, ((band.shape[1] - _text_width(text, size)) // 2, round(size * 1.3)), _INK, size)
    return np.concatenate([band, image])


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


def _write(tile: np.ndarray, text: str, base: tuple[int, int], color: tuple[int, int, int], size: int) -> None:
    cv2.putText(tile, text, base, color, _font(), size, _WEIGHT)
