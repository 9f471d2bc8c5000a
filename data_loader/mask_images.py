"""Reading mask images: the values of their pixels as they are stored."""

import io
from pathlib import Path

import cv2
import numpy as np
import PIL.Image

from data_loader.errors import DataError
from data_loader.images import check_claim, decode, read_bytes, turned_hint
from data_loader.validation import UnusableError

_INDEXED = ("P", "L", "I;16", "I;16B", "I")

_PLAIN = (*_INDEXED, "F", "1", "LA")
"""Modes of one value for each pixel."""

_MOST_WHOLE = 1 << 24
"""Up to here float32 has every whole number."""


def read_mask(path: Path) -> np.ndarray:
    """A one-channel image file → (h, w) with the values as they are stored.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS` or has several channels.
    """
    mask = decode(read_bytes(path), str(path), cv2.IMREAD_UNCHANGED)
    if mask.ndim != 2:
        raise DataError(f"{path}: the mask has {mask.shape[2]} channels instead of 1.")
    return mask


def read_indices(path: Path) -> np.ndarray:
    """An image of indices, gray or with a palette → (h, w) with the indices as they are stored.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS` or has colors.
    """
    content = read_bytes(path)
    check_claim(content, str(path))
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            if image.mode not in _INDEXED:
                raise DataError(f"{path}: has the colors {image.mode} instead of one index for each pixel.")
            return _stored(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{path}: does not decode ({error}).") from error


def read_values(path: Path) -> np.ndarray:
    """A mask of any kind → (h, w) integers: indices as they are stored, or R + 256 G + 65,536 B of a mask with colors.

    Gray that is saved with three channels is gray here; transparency does not count.

    Raises:
        DataError: the file is missing, does not decode, claims more than `MAX_PIXELS`, is a JPEG, which changes the
            values of a mask, or has values that are no whole numbers.
    """
    return values_of(read_bytes(path), str(path))


def values_of(content: bytes, name: str) -> np.ndarray:
    """`read_values` of the content of a file; `name` is for the error."""
    check_claim(content, name)
    try:
        with PIL.Image.open(io.BytesIO(content)) as image:
            if image.format == "JPEG":
                raise DataError(f"{name}: is a JPEG, which changes the values of a mask; save masks as PNG.")
            if image.mode in _INDEXED:
                return _stored(image)
            if image.mode == "F":
                return _whole(np.asarray(image), name)
            if image.mode == "1":
                return np.asarray(image).astype(np.uint8)
            if image.mode == "LA":
                return np.asarray(image)[..., 0]
            colors = np.asarray(image.convert("RGB")).astype(np.int64)
    except (OSError, ValueError, SyntaxError) as error:
        raise DataError(f"{name}: does not decode ({error}).") from error
    return colors[..., 0] if _is_gray(colors) else colors @ np.array([1, 1 << 8, 1 << 16])


def has_colors(path: Path) -> bool:
    """Whether the values that `read_values` gives of a mask stand for colors."""
    with PIL.Image.open(path) as image:
        return image.mode not in _PLAIN and not _is_gray(np.asarray(image.convert("RGB")))


def _is_gray(colors: np.ndarray) -> bool:
    return bool((colors == colors[..., :1]).all())


def _stored(image: PIL.Image.Image) -> np.ndarray:
    """The values as they are stored, in this machine's order of bytes: TIFFs of ImageJ have the other one."""
    values = np.asarray(image)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _whole(values: np.ndarray, name: str) -> np.ndarray:
    """Whole numbers that are stored as floats, as some programs write them, as integers."""
    if not (np.abs(values) < _MOST_WHOLE).all() or (values != np.rint(values)).any():  # NaN is not below either
        raise DataError(f"{name}: has values that are no whole numbers; a mask has one for each object or class.")
    return values.astype(np.int64)


def indices_of(mask: Path, image: Path, size: tuple[int, int]) -> np.ndarray:
    """`read_indices` of a mask that must have the size of its image as it is shown.

    Raises:
        DataError: as `read_indices` and `check_mask_size`.
    """
    indices = read_indices(mask)
    check_mask_size(mask, indices.shape, image, size)
    return indices


def check_mask_size(mask: Path, shape: tuple[int, ...], image: Path, size: tuple[int, int]) -> None:
    """Checks that a mask is of its image's size as it is shown.

    Args:
        mask: what is checked, for the message.
        shape: of the mask, (height, width).
        image: its image.
        size: of the image as it is shown, see `data_loader.images.image_size`.

    Raises:
        DataError: it is not; the message says so where it fits the image before it is turned by EXIF.
    """
    if tuple(shape) != size:
        hint = turned_hint(tuple(shape), image, size)
        reason = f"{mask}: the mask is {tuple(shape)}, the image {size} (height, width){hint}."
        raise UnusableError("mask of another size", reason)
