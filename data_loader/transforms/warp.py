"""The affine warp of images, masks and labels, and the boxes that follow from the masks.

`n` objects; the maps are those of `placement`.
"""

import cv2
import numpy as np

from base.batch import IGNORE
from data_loader.transforms.placement import Placement, Size, scaling, translation

_HALF = 128
"""Coverage, of 255, from which a pixel belongs to an object."""

NEUTRAL = (124, 116, 104)
"""ImageNet's mean RGB, about 0 after every backbone's normalization: what a rotated image does not cover."""


def warp_image(image: np.ndarray, placement: Placement) -> np.ndarray:
    """(h, w, 3) uint8 → (*placement.size, 3) uint8, `NEUTRAL` where the map reaches outside of the image."""
    # One pixel more on each side, or the image's own edge would fade into the color around it.
    framed = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return _warp(framed, placement.matrix @ translation(-1, -1), placement.size, NEUTRAL)


def warp_mask(mask: np.ndarray, box: np.ndarray, placement: Placement) -> np.ndarray:
    """Warps one mask with values 0, 1 and 255 (ignored).

    Object and ignored pixels are interpolated apart and cut at one half, so no value between appears. An object too
    thin to survive that keeps every pixel that one of its own falls into.

    Args:
        mask: (h, w) uint8.
        box: (4,) a box around everything that is not 0, xyxy in pixels.
        placement: the map and the output's size.

    Returns:
        (*placement.size,) uint8.
    """
    output = np.zeros(placement.size, np.uint8)
    left, top, right, bottom = _reach(box, placement)
    if left >= right or top >= bottom:
        return output
    x0, y0, x1, y1 = box.astype(int)
    crop = mask[y0:y1, x0:x1]
    matrix = translation(-left, -top) @ placement.matrix @ translation(x0, y0)
    tile = output[top:bottom, left:right]
    covered = _warp((crop != 0).astype(np.uint8) * 255, matrix, tile.shape) >= _HALF
    tile[covered] = 1
    if (crop == IGNORE).any():
        sure = _warp((crop == 1).astype(np.uint8) * 255, matrix, tile.shape) >= _HALF
        tile[covered & ~sure] = IGNORE
    if not (tile == 1).any():
        _keep_thin(crop, matrix, tile)
    return output


def warp_labels(labels: np.ndarray, placement: Placement) -> np.ndarray:
    """(h, w) uint8 → (*placement.size,) with the nearest pixel's, 255 where the map reaches outside of the image."""
    centered = _centered(placement.matrix)
    return cv2.warpAffine(labels, centered, placement.size[::-1], flags=cv2.INTER_NEAREST, borderValue=IGNORE)


def tight_box(mask: np.ndarray) -> np.ndarray:
    """(h, w) mask → (4,) float32 xyxy around all that is not 0, the far edges exclusive; 0 for an empty mask."""
    x, y, width, height = cv2.boundingRect(mask)
    return np.array([x, y, x + width, y + height], np.float32)


def _warp(image: np.ndarray, matrix: np.ndarray, size: Size, outside: tuple[int, int, int] | int = 0) -> np.ndarray:
    """Linear interpolation, `outside` around it; an image that gets less than half its size is averaged down first."""
    height, width = image.shape[:2]
    scale = np.sqrt(abs(np.linalg.det(matrix[:2, :2])))
    if scale < 0.5:
        small = max(1, round(2 * scale * width)), max(1, round(2 * scale * height))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        matrix = matrix @ scaling(width / small[0], height / small[1])
    return cv2.warpAffine(image, _centered(matrix), size[::-1], flags=cv2.INTER_LINEAR, borderValue=outside)


def _centered(matrix: np.ndarray) -> np.ndarray:
    """(2, 3): the map for OpenCV, whose pixel centers are whole numbers."""
    centered = matrix[:2].copy()
    centered[:, 2] += 0.5 * (matrix[:2, 0] + matrix[:2, 1]) - 0.5
    return centered


def _reach(box: np.ndarray, placement: Placement) -> tuple[int, int, int, int]:
    """The whole-pixel rectangle of the output that a box can touch: left, top, right, bottom."""
    x0, y0, x1, y1 = box
    corners = placement.matrix @ np.array([[x0, x1, x0, x1], [y0, y0, y1, y1], [1, 1, 1, 1]], np.float64)
    height, width = placement.size
    left, top = (max(0, int(np.floor(corners[axis].min())) - 1) for axis in (0, 1))
    right = min(width, int(np.ceil(corners[0].max())) + 1)
    bottom = min(height, int(np.ceil(corners[1].max())) + 1)
    return left, top, right, bottom


def _keep_thin(crop: np.ndarray, matrix: np.ndarray, tile: np.ndarray) -> None:
    """Marks in `tile` each pixel that the center of an object's pixel falls into."""
    rows, columns = np.nonzero(crop == 1)
    centers = matrix[:2] @ np.stack([columns + 0.5, rows + 0.5, np.ones(len(rows))])
    x, y = np.floor(centers).astype(int)
    inside = (x >= 0) & (x < tile.shape[1]) & (y >= 0) & (y < tile.shape[0])
    tile[y[inside], x[inside]] = 1
