"""Reading images and masks with OpenCV, after a look at what their headers claim."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from data_loader.errors import DataError

MAX_PIXELS = 1 << 27
"""Of an image that is decoded, 11,585 × 11,585: a few bytes can claim any size, and decoding allocates it."""

_INDEXED = ("P", "L", "I;16", "I")
_ORIENTATION, _FIRST_TURNED = 0x0112, 5
"""The EXIF tag, and its first value of an image that lies on its side."""

cv2.setNumThreads(0)  # the loader's threads are the parallelism; OpenCV's own would fight them for the cores


def read_rgb(path: Path) -> np.ndarray:
    """An image file → (h, w, 3) uint8 RGB; the format is detected by the content, not by the name.

    Raises:
        DataError: the file is missing, does not decode or claims more than `MAX_PIXELS`.
    """
    return _decoded(path, cv2.IMREAD_COLOR_RGB)


def decode_rgb(content: bytes, name: str) -> np.ndarray:
    """The content of an image file → (h, w, 3) uint8 RGB, as `read_rgb`; `name` is for the error.

    Raises:
        DataError: it does not decode or claims more than `MAX_PIXELS`.
    """
    return _decode(content, name, cv2.IMREAD_COLOR_RGB)


def read_mask(path: Path) -> np.ndarray:
    """A one-channel image file → (h, w) with the values as they are stored.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS` or has several channels.
    """
    mask = _decoded(path, cv2.IMREAD_UNCHANGED)
    if mask.ndim != 2:
        raise DataError(f"{path}: the mask has {mask.shape[2]} channels instead of 1.")
    return mask


def read_indices(path: Path) -> np.ndarray:
    """An image of indices, gray or with a palette → (h, w) with the indices as they are stored.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS` or has colors.
    """
    content = read_bytes(path)
    if _claims_too_much(content):
        raise DataError(f"{path}: its header claims more than {MAX_PIXELS} pixels, so it is not decoded.")
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            if image.mode not in _INDEXED:
                raise DataError(f"{path}: has the colors {image.mode} instead of one index for each pixel.")
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: does not decode ({error}).") from error


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of an image as it is shown, turned by its EXIF orientation; only the header is read.

    Raises:
        DataError: the file is missing, is no image or claims more than `MAX_PIXELS`.
    """
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file.")
        with PIL.Image.open(path) as image:
            width, height = image.size
            turned = _orientation(image) >= _FIRST_TURNED
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise DataError(f"{path}: has no header of an image ({error}).") from error
    if width * height > MAX_PIXELS:
        raise DataError(f"{path}: its header claims more than {MAX_PIXELS} pixels.")
    return (width, height) if turned else (height, width)


def is_turned(path: Path) -> bool:
    """Whether an image is shown in another way than it is stored, by its EXIF orientation.

    Raises:
        DataError: the file is no image.
    """
    try:
        with PIL.Image.open(path) as image:
            return _orientation(image) > 1
    except (OSError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise DataError(f"{path}: has no header of an image ({error}).") from error


def is_jpeg(path: Path) -> bool:
    """Whether a file is a JPEG, by its first bytes."""
    with path.open("rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a folder; a file is needed here.")
        if path.exists() and not path.is_file():  # a pipe or a device may have no end
            raise DataError(f"{path}: is no file of a disk.")
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        raise DataError(f"{path}: cannot be read ({error}).") from error


def _orientation(image: PIL.Image.Image) -> int:
    return image.getexif().get(_ORIENTATION, 1)


def _decoded(path: Path, flags: int) -> np.ndarray:
    return _decode(read_bytes(path), str(path), flags)


def _decode(content: bytes, name: str, flags: int) -> np.ndarray:
    if _claims_too_much(content):
        raise DataError(f"{name}: its header claims more than {MAX_PIXELS} pixels, so it is not decoded.")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error as error:  # OpenCV has limits of its own
        raise DataError(f"{name}: does not decode ({error.err}).") from error
    if image is None:
        raise DataError(f"{name}: does not decode: {len(content)} bytes that are no whole image.")
    return image


def _claims_too_much(content: bytes) -> bool:
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            return image.width * image.height > MAX_PIXELS
    except PIL.Image.DecompressionBombError:
        return True
    except (OSError, ValueError, SyntaxError):  # what Pillow raises for a format that it does not know
        return False
