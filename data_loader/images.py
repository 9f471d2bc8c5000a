"""Reading images with OpenCV, after a look at what their headers claim."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from data_loader.errors import DataError

MAX_PIXELS = 1 << 27
"""Of an image that is decoded, 11,585 × 11,585: a few bytes can claim any size, and decoding allocates it."""

_ORIENTATION, _TURNED = 0x0112, range(5, 9)
"""The EXIF tag, and its values of an image that is stored on its side."""
_NO_HEADER = (OSError, ValueError, SyntaxError)
"""What Pillow raises for a format that it does not know."""

cv2.setNumThreads(0)  # the loader's threads are the parallelism; OpenCV's own would fight them for the cores


def read_rgb(path: Path) -> np.ndarray:
    """An image file → (h, w, 3) uint8 RGB; the format is detected by the content, not by the name.

    The image is as it is shown: turned by its EXIF orientation, with the colors of CMYK and palettes, 16 bits scaled to
    8 (65,535 to 255). Alpha is dropped: a pixel has the color that is stored, and no background is made up for it. Of
    an animation the first frame is taken.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS` or has values of 32 bits.
    """
    return decode_rgb(read_bytes(path), str(path))


def decode_rgb(content: bytes, name: str) -> np.ndarray:
    """The content of an image file → (h, w, 3) uint8 RGB, as `read_rgb`; `name` is for the error.

    Raises:
        DataError: it does not decode, claims more than `MAX_PIXELS` or has values of 32 bits.
    """
    if _needs_pillow(content, name):
        return _by_pillow(content, name)
    return decode(content, name, cv2.IMREAD_COLOR_RGB)


def image_size(path: Path) -> tuple[int, int]:
    """Height and width of an image as it is shown, turned by its EXIF orientation; only the header is read.

    Raises:
        DataError: the file is missing, is no image or claims more than `MAX_PIXELS`.
    """
    (height, width), orientation = _header(path)
    return (width, height) if orientation in _TURNED else (height, width)


def is_turned(path: Path) -> bool:
    """Whether an image is shown in another way than it is stored, by its EXIF orientation.

    Raises:
        DataError: the file is no image.
    """
    return 1 < _header(path)[1] < _TURNED.stop


def turned_hint(shape: object, image: Path, size: tuple[int, int]) -> str:
    """What to add to a message on a wrong size: that it is the image's before EXIF turns it; empty where it is not.

    Args:
        shape: the wrong size, (height, width).
        image: the image.
        size: of the image as it is shown.
    """
    if shape != size[::-1] or _header(image)[1] not in _TURNED:
        return ""
    return ", which its EXIF orientation turns on its side: turn the mask too, or save the image without EXIF"


def is_jpeg(path: Path) -> bool:
    """Whether a file is a JPEG, by its first bytes."""
    with path.open("rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


def is_file(path: Path) -> bool:
    """Whether there is a file; of a name that no file can have, or in a folder without permission, there is none."""
    try:
        return path.is_file()
    except OSError:
        return False


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


def check_claim(content: bytes, name: str) -> None:
    """Checks the size that the header of an image claims; content that is no image is left to the decoder.

    Raises:
        DataError: it claims more than `MAX_PIXELS`.
    """
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            usable = image.width * image.height <= MAX_PIXELS
    except PIL.Image.DecompressionBombError:
        usable = False
    except _NO_HEADER:
        return
    if not usable:
        raise DataError(f"{name}: its header claims more than {MAX_PIXELS} pixels, so it is not decoded.")


def decode(content: bytes, name: str, flags: int) -> np.ndarray:
    """The content of an image file, decoded by OpenCV.

    Args:
        content: of the file.
        name: for the error.
        flags: OpenCV's `IMREAD_…`.

    Raises:
        DataError: it does not decode or claims more than `MAX_PIXELS`.
    """
    check_claim(content, name)
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags) if content else None
    except cv2.error as error:  # OpenCV has limits of its own
        raise DataError(f"{name}: does not decode ({error.err}).") from error
    if image is None:
        raise DataError(f"{name}: does not decode: {len(content)} bytes that are no whole image.")
    return image


def _header(path: Path) -> tuple[tuple[int, int], int]:
    """Height and width as they are stored, and the EXIF orientation."""
    try:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file.")
        with PIL.Image.open(path) as image:
            width, height = image.size
            orientation = _without_xmp(image).getexif().get(_ORIENTATION, 1)
            if orientation in _TURNED and image.format == "TIFF":  # Pillow has swapped them
                width, height = height, width
    except (*_NO_HEADER, PIL.Image.DecompressionBombError) as error:
        raise DataError(f"{path}: has no header of an image ({error}).") from error
    if width * height > MAX_PIXELS:
        raise DataError(f"{path}: its header claims more than {MAX_PIXELS} pixels.")
    if isinstance(orientation, bytes) and orientation:  # of a wrong type; OpenCV takes its first byte
        orientation = orientation[0]
    return (height, width), orientation if isinstance(orientation, int) else 1


def _without_xmp(image: PIL.Image.Image) -> PIL.Image.Image:
    """Pillow takes an orientation from XMP where EXIF has none; OpenCV and browsers do not."""
    for key in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(key, None)
    return image


def _needs_pillow(content: bytes, name: str) -> bool:
    """OpenCV darkens the transparent pixels of a TIFF, reads no 32 bits in it, and does not turn an AVIF."""
    if content[:4] not in (b"II*\0", b"MM\0*") and content[4:8] != b"ftyp":
        return False
    check_claim(content, name)
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            odd = image.mode in ("RGBA", "LA", "PA", "F", "I")
            return image.format == "AVIF" or (image.format == "TIFF" and odd)
    except _NO_HEADER:
        return False


def _by_pillow(content: bytes, name: str) -> np.ndarray:
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            if image.mode in ("F", "I"):
                raise DataError(f"{name}: has values of 32 bits, which are no colors: save it with 8 or 16 bits.")
            image.load()  # which turns a TIFF
            return np.array(PIL.ImageOps.exif_transpose(_without_xmp(image)).convert("RGB"))
    except _NO_HEADER as error:
        raise DataError(f"{name}: does not decode ({error}).") from error
