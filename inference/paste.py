"""From the small mask of a detection to the mask of the whole image.

Alphabet: `M` the side of a predicted mask, `P` = M + 2 its side with a border of zeros.

The same arithmetic as `paste_masks_in_image` of torchvision 0.28 (`torchvision/models/detection/roi_heads.py`, after
`paste_mask_in_image` of Detectron): the mask gets a border of one zero pixel so that an object may end smoothly inside
its box, the box grows by (M + 2) / M about its center, its corners are truncated to integers, and both corner pixels
belong to it. The mask is then resized to that integer box, bilinear with `align_corners=False`.
"""

import numpy as np

from base.batch import Size
from base.runs import Crop

_BORDER = 1


def paste_mask(
    probabilities: np.ndarray, box: np.ndarray, height: int, width: int, threshold: float = 0.5
) -> np.ndarray:
    """Paste one mask into an empty image.

    Only the part of the box inside the image is computed, so that a box far outside costs neither time nor memory.

    Args:
        probabilities: (M, M) float, the mask inside the box.
        box: (4,) xyxy in pixels of the target image; may reach beyond it.
        height: of the target image, in pixels.
        width: of the target image, in pixels.
        threshold: a pixel belongs to the object where the resized probability is above this.

    Returns:
        (height, width) uint8, 1 for the object, 0 elsewhere; in Fortran order, as the RLE encoders of COCO want it.

    Raises:
        ValueError: for a mask that is not square or a box that is not four finite numbers.
    """
    pasted, left, top = paste_probabilities(probabilities, box, height, width)
    canvas = np.zeros((width, height), np.uint8).T
    canvas[top : top + pasted.shape[0], left : left + pasted.shape[1]] = pasted > np.float32(threshold)
    return canvas


def paste_crop(probabilities: np.ndarray, box: np.ndarray, size: Size, threshold: float = 0.5) -> Crop:
    """The part of `paste_mask` that can be other than 0, for an image of this size; no pixel where it is outside."""
    pasted, left, top = paste_probabilities(probabilities, box, *size)
    return Crop(pasted > np.float32(threshold), left, top)


def paste_probabilities(probabilities: np.ndarray, box: np.ndarray, height: int, width: int) -> Crop:
    """The resized probabilities inside the image, before any threshold; arguments and errors as `paste_mask`."""
    mask = np.asarray(probabilities, np.float32)
    if mask.ndim != 2 or mask.shape[0] != mask.shape[1] or mask.size == 0:
        raise ValueError(f"paste_mask got a mask of shape {mask.shape}: give one square mask (M, M)")
    x0, y0, x1, y1 = expand_box(box, mask.shape[0])
    left, right = max(x0, 0), min(x1 + 1, width)
    top, bottom = max(y0, 0), min(y1 + 1, height)
    if left >= right or top >= bottom:
        return Crop(np.zeros((0, 0), np.float32), 0, 0)
    padded = np.zeros((len(mask) + 2 * _BORDER,) * 2, np.float32)
    padded[_BORDER:-_BORDER, _BORDER:-_BORDER] = mask
    columns = _bilinear(left - x0, right - x0, x1 - x0 + 1, len(padded))
    rows = _bilinear(top - y0, bottom - y0, y1 - y0 + 1, len(padded))
    return Crop(rows @ (padded @ columns.T), left, top)


def expand_box(box: np.ndarray, side: int) -> tuple[int, int, int, int]:
    """The integer box of the mask with its border: grown by (side + 2) / side about the center, then truncated.

    Args:
        box: (4,) xyxy in pixels.
        side: M of the mask without its border.

    Returns:
        x0, y0, x1, y1; the pixels x1 and y1 belong to the box.

    Raises:
        ValueError: for a box that is not four finite numbers.
    """
    corners = np.asarray(box, np.float32)
    if corners.shape != (4,) or not np.isfinite(corners).all():
        raise ValueError(f"paste_mask got the box {np.asarray(box).tolist()}: give four finite numbers xyxy")
    # float32 throughout: a corner on an integer would truncate to another pixel in float64.
    half = (corners[2:] - corners[:2]) * np.float32(0.5) * np.float32((side + 2 * _BORDER) / side)
    center = (corners[2:] + corners[:2]) * np.float32(0.5)
    (x0, y0), (x1, y1) = center - half, center + half
    return int(x0), int(y0), int(x1), int(y1)


def _bilinear(start: int, stop: int, size: int, side: int) -> np.ndarray:
    """Rows start…stop-1 of the (size, P) matrix that stretches `side` = P samples to `size`, pixel centers at +0.5."""
    scale = np.float32(side / size)
    source = np.maximum((np.arange(start, stop, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5), 0)
    low = np.minimum(source.astype(np.intp), side - 1)
    fraction = source - low.astype(np.float32)
    index = np.arange(stop - start)
    matrix = np.zeros((stop - start, side), np.float32)
    matrix[index, low] = 1 - fraction
    matrix[index, np.minimum(low + 1, side - 1)] += fraction
    return matrix
