"""From what a user has of an image, an array, a path or an address, to its pixels."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from base.letterbox import check_rgb
from data_loader.images import decode_rgb, read_rgb
from inference.remote import UrlLimits, fetch_image, is_url, shown

Image = np.ndarray | Path | str
"""(h, w, 3) uint8 RGB, the path of an image file, or an http(s) address."""

Named = tuple[Any, np.ndarray | Callable[[], np.ndarray]]
"""Whatever names the image, and the image or what gives it."""


def read_image(source: Image, limits: UrlLimits | None = None) -> np.ndarray:
    """(h, w, 3) uint8 RGB.

    Raises:
        DataError: the file or address is missing, does not decode or is not allowed, see `inference.remote`.
        ValueError: the array is not a uint8 image of three channels.
        TypeError: it is neither an array nor a path nor an address.
    """
    if isinstance(source, np.ndarray):
        check_rgb(source)
        return source
    if isinstance(source, str) and is_url(source):
        return decode_rgb(fetch_image(source, limits), shown(source))
    if isinstance(source, Path | str):
        return read_rgb(Path(source).expanduser())
    raise TypeError(
        f"Predictor received a {type(source).__name__}; give an RGB array, the path of an image or an http(s) address"
    )


def read_named(source: Image | Named, limits: UrlLimits | None = None) -> tuple[Any, np.ndarray]:
    """The name and the pixels: of a pair its first, else the source itself.

    Raises:
        DataError, ValueError, TypeError: as `read_image`; or what a loader raises.
    """
    if not is_named(source):
        return source, read_image(source, limits)
    name, image = source
    return name, read_image(image() if callable(image) else image, limits)


def is_named(source: Any) -> bool:
    """Whether it is a pair of a name and an image, or of a name and what loads one."""
    return isinstance(source, tuple) and len(source) == 2 and (callable(source[1]) or isinstance(source[1], np.ndarray))
