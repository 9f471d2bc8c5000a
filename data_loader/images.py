"""Reading images and masks with OpenCV."""

from pathlib import Path

import cv2
import numpy as np

from data_loader.errors import DataError

cv2.setNumThreads(0)  # the loader's threads are the parallelism; OpenCV's own would fight them for the cores


def decode_rgb(content: bytes) -> np.ndarray | None:
    """The bytes of an image file of any kind OpenCV knows → (h, w, 3) uint8 RGB; None where it does not decode."""
    if not content:
        return None
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)


def read_rgb(path: Path) -> np.ndarray:
    """An image file → (h, w, 3) uint8 RGB; the kind is told by the content, not by the name.

    Raises:
        DataError: the file is missing or does not decode.
    """
    image = decode_rgb(read_bytes(path))
    if image is None:
        raise DataError(f"{path}: the image does not decode. Replace the file, or take its line out of the list.")
    return image


def read_mask(path: Path) -> np.ndarray:
    """A one-channel image file → (h, w) with the values as they are stored.

    Raises:
        DataError: the file is missing, does not decode or has several channels.
    """
    content = np.frombuffer(read_bytes(path), np.uint8)
    mask = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if len(content) else None
    if mask is None:
        raise DataError(f"{path}: the mask does not decode.")
    if mask.ndim != 2:
        raise DataError(f"{path}: the mask has {mask.shape[2]} channels instead of 1.")
    return mask


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from error
