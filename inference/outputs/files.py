"""Images → files of them, whole or not at all."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from inference.outputs.output import ImageError
from utils.files import write_whole

_JPEG_QUALITY = 92
_JPEG_LONGEST = 65_500
"""Pixels of a side, at most, in libjpeg."""


def save_image(path: Path, image: np.ndarray) -> None:
    """Writes uint8 (h, w, 3) RGB or (h, w, 4) RGB with alpha; the ending chooses the format.

    Raises:
        ImageError: the format cannot hold it.
        OSError: it cannot be written there.
    """
    height, width, channels = image.shape
    jpeg = path.suffix in (".jpg", ".jpeg")
    if jpeg and max(height, width) > _JPEG_LONGEST:
        raise ImageError(
            f"{path.name}: a side of a JPEG has at most {_JPEG_LONGEST:,} pixels, and this image has {width}×{height}; "
            "choose --image-format png for overlays"
        )
    order = cv2.COLOR_RGBA2BGRA if channels == 4 else cv2.COLOR_RGB2BGR
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if jpeg else []
    good, content = cv2.imencode(path.suffix, cv2.cvtColor(image, order), options)
    if not good:
        raise ImageError(f"{path.name}: an image of {width}×{height} pixels cannot be encoded as {path.suffix}")
    write_whole(path, content.tobytes())


def save_indices(path: Path, indices: np.ndarray, palette: np.ndarray) -> None:
    """Writes a PNG of whole numbers from 0: 8 bits with a palette up to 255, else 16 bits without one.

    Args:
        path: ends in `.png`.
        indices: (h, w).
        palette: (n, 3) uint8 RGB of the numbers 1…n; 0 is black.

    Raises:
        OSError: it cannot be written there.
    """
    large = indices.size and int(indices.max()) > 255
    image = PIL.Image.fromarray(indices.astype(np.uint16 if large else np.uint8))
    if not large:
        image.putpalette(bytes(3) + palette[:255].astype(np.uint8).tobytes())
    content = io.BytesIO()
    image.save(content, "png")
    write_whole(path, content.getvalue())
