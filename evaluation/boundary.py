"""The boundary of a mask as Boundary IoU measures it (Cheng et al. 2021, https://arxiv.org/abs/2103.16562).

Equal to `boundary_iou_api` of its authors to the pixel, which faster-coco-eval's is not: that rounds the width in
float32 and erodes wrongly where an image is not wider than the boundary.
"""

import cv2
import numpy as np

from base import rle
from base.rle import Rle

RATIO = 0.02
"""Width of the boundary as a share of the image's diagonal: the paper's choice for COCO."""


def boundary_width(height: int, width: int, ratio: float = RATIO) -> int:
    """Pixels of the boundary in an image of this size, at least 1."""
    return max(1, round(ratio * float(np.sqrt(height**2 + width**2))))


def boundary_of(mask: Rle, ratio: float = RATIO) -> Rle:
    """The pixels of a mask that `boundary_width` erosions with a 3×3 square take away.

    What is outside of the image counts as background, so an object cut by the image's edge has a boundary there.
    """
    left, top, width, height = (int(side) for side in rle.xywh(mask))
    pixels = rle.decode(mask)
    inside = pixels[top : top + height, left : left + width]  # a view, which is changed in place
    rows, columns = pixels.shape
    inside[:] = boundary_pixels(inside, boundary_width(rows, columns, ratio))
    return rle.encode(pixels)


def boundary_pixels(mask: np.ndarray, width: int) -> np.ndarray:
    """(h, w) bool: the pixels of a mask (h, w) that so many erosions take away; what is beyond the array is outside."""
    if not mask.size:
        return np.zeros(mask.shape, bool)
    # Erosion by a square is a threshold on the chessboard distance, which is found in one pass.
    distance = cv2.distanceTransform(np.pad(mask.astype(np.uint8), 1), cv2.DIST_C, 3)[1:-1, 1:-1]
    return (mask != 0) & (distance <= width)
