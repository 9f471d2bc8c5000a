"""Images for people: boxes, masks and labels over an image, images side by side and in a grid.

Everything is RGB uint8 (H, W, 3); sizes of lines and letters follow the size of the image. Needs NumPy and OpenCV 5
(its built-in font draws any script, smoothly).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from base.runs import Crop
from inference.lettering import Color, blend, paint_labels, with_title

_VIVID = (
    (24, 119, 255), (255, 82, 64), (40, 190, 84), (255, 176, 0), (170, 74, 220), (0, 190, 184), (255, 100, 178),
    (158, 126, 86), (125, 205, 36), (94, 92, 230), (255, 130, 24), (104, 178, 240),
)  # fmt: skip
_FEW_CLASSES = 3
_MOST_COLORS = 1000
_FILL = 0.38
_PAPER = (255, 255, 255)


@dataclass(frozen=True)
class Look:
    """What an image with objects shows, and how.

    Attributes:
        color: one color for each `"instance"` or for each `"class"`; None for classes, unless there are three or fewer,
            which would leave an image in one color.
        gray: whether the objects keep the image's colors and all else is gray.
        boxes: whether boxes are drawn.
        labels: whether the names of the classes are written.
        scores: whether the scores are written, where there are any.
        palette: (P, 3) uint8 RGB, None for `palette()`.
    """

    color: Literal["instance", "class"] | None = None
    gray: bool = False
    boxes: bool = True
    labels: bool = True
    scores: bool = True
    palette: np.ndarray | None = None


_LOOK = Look()


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
    masks: np.ndarray | Sequence[Crop] | None = None,
    scores: np.ndarray | None = None,
    look: Look = _LOOK,
) -> np.ndarray:
    """The image with its objects: translucent masks with outlines, boxes and labels that stay inside the image.

    Args:
        image: (H, W, 3) uint8 RGB; left as it is.
        boxes: (D, 4) xyxy in pixels of the image.
        classes: (D,) 1…K; objects of class 0 are padding and not shown.
        class_names: the names of the classes 1…K.
        masks: (D, H, W), nonzero where the object is; or a crop of each.
        scores: (D,) in 0…1, written behind the name.
        look: what is shown, and how.

    Raises:
        ValueError: for an image that is not (H, W, 3) uint8 or masks of another size.
    """
    _check(image, masks)
    shown = [index for index in range(len(classes)) if classes[index] > 0]
    colors = _colors(classes, class_names, look)
    stroke = max(1.4, max(image.shape[:2]) / 260)
    painted = _gray(image) if look.gray else image.copy()
    if masks is not None:
        crops = {index: _crop(masks[index]) for index in shown}
        # Large masks first: a small object upon a large one stays visible.
        for index in sorted(shown, key=lambda i: -int(np.count_nonzero(crops[i].pixels))):
            _paint_mask(painted, crops[index], colors[index], stroke, image if look.gray else None)
    if look.boxes:
        for index in shown:
            _paint_box(painted, boxes[index], colors[index], stroke if masks is None else stroke / 2)
    order = shown if scores is None else sorted(shown, key=lambda i: -float(scores[i]))
    labels = [(_label(class_names[int(classes[i]) - 1], scores, i, look), boxes[i], colors[i]) for i in order]
    paint_labels(painted, [label for label in labels if label[0]])
    return painted


def side_by_side(left: np.ndarray, right: np.ndarray, titles: tuple[str, str] | None = None) -> np.ndarray:
    """Two images beside each other on white, the titles above them; unlike sizes are centered."""
    pair = [left, right]
    if titles is not None:
        pair = [with_title(image, title) for image, title in zip(pair, titles, strict=True)]
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


def _check(image: np.ndarray, masks: np.ndarray | Sequence[Crop] | None) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"overlay got an image {image.shape} {image.dtype}: give (H, W, 3) uint8 RGB")
    if isinstance(masks, np.ndarray) and len(masks) and np.shape(masks)[1:] != image.shape[:2]:
        raise ValueError(f"overlay got masks {np.shape(masks)} for an image {image.shape}: paste them first")


def _default_palette(n: int) -> np.ndarray:
    return palette(n)


def _colors(classes: np.ndarray, class_names: Sequence[str], look: Look) -> list[Color]:
    """One color for each object; beyond the end of the palette they repeat."""
    by_object = len(class_names) <= _FEW_CLASSES if look.color is None else look.color == "instance"
    colors = look.palette
    if colors is None:
        colors = _default_palette(min(max(1, len(classes) if by_object else len(class_names)), _MOST_COLORS))
    keys = range(len(classes)) if by_object else [int(label) - 1 for label in classes]
    chosen = [colors[key % len(colors)] for key in keys]
    return [(int(red), int(green), int(blue)) for red, green, blue in chosen]


def _label(name: str, scores: np.ndarray | None, index: int, look: Look) -> str:
    parts = [name.replace("_", " ")] if look.labels else []
    if look.scores and scores is not None:
        parts.append(f"{float(scores[index]):.2f}")
    return " ".join(parts)


def _gray(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def _crop(mask: np.ndarray | Crop) -> Crop:
    """The mask's pixels in its tight box."""
    pixels, left, top = mask if isinstance(mask, Crop) else Crop(np.asarray(mask), 0, 0)
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    if not len(rows):
        return Crop(np.zeros((0, 0), bool), left, top)
    tight = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Crop(tight > 0, left + int(columns[0]), top + int(rows[0]))


def _paint_mask(canvas: np.ndarray, mask: Crop, color: Color, stroke: float, source: np.ndarray | None) -> None:
    """Fill and outline by the distance to the mask's edge, which makes both smooth.

    The fill is the color, or what `source` has there. `canvas` is uint8.
    """
    height, width = mask.pixels.shape
    if not height:
        return
    margin = int(stroke) + 3
    x0, y0 = max(mask.left - margin, 0), max(mask.top - margin, 0)
    x1, y1 = min(mask.left + width + margin, canvas.shape[1]), min(mask.top + height + margin, canvas.shape[0])
    inside = np.zeros((y1 - y0, x1 - x0), np.uint8)
    inside[mask.top - y0 : mask.top - y0 + height, mask.left - x0 : mask.left - x0 + width] = mask.pixels
    distance = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    distance = cv2.GaussianBlur(distance, (0, 0), 0.5 + stroke / 4, borderType=cv2.BORDER_REPLICATE)
    area = canvas[y0:y1, x0:x1].astype(np.float32)
    fill, share = (color, _FILL) if source is None else (source[y0:y1, x0:x1], 1.0)
    blend(area, fill, np.clip(0.5 - distance, 0, 1) * share)
    blend(area, _lighter(color), np.clip(stroke / 2 + 0.5 - np.abs(distance), 0, 1))
    canvas[y0:y1, x0:x1] = np.clip(np.rint(area), 0, 255).astype(np.uint8)


def _lighter(color: Color) -> Color:
    red, green, blue = (round(0.78 * value + 0.22 * 255) for value in color)
    return red, green, blue


def _paint_box(image: np.ndarray, box: np.ndarray, color: Color, stroke: float) -> None:
    height, width = image.shape[:2]
    thickness = max(1, round(stroke))
    inset = thickness // 2
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    # The last pixel of a box is x1 - 1; the line of a box at the image's edge must not fall outside.
    low = (int(np.clip(x0, inset, width - 1 - inset)), int(np.clip(y0, inset, height - 1 - inset)))
    high = (int(np.clip(x1 - 1, inset, width - 1 - inset)), int(np.clip(y1 - 1, inset, height - 1 - inset)))
    cv2.rectangle(image, low, high, color, thickness, cv2.LINE_AA)
