"""Images → files of them, whole or not at all."""

from pathlib import Path

import cv2
import numpy as np

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
