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

Named = tuple[Any, Image | Callable[[], Image]]
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


def named(source: Image | Named) -> tuple[Any, Any]:
    """The name of an image, which is itself unless there is a pair, and the image or what gives one."""
    return source if isinstance(source, tuple) and len(source) == 2 else (source, source)


def load_image(image: Image | Callable[[], Image], limits: UrlLimits | None = None) -> np.ndarray:
    """As `read_image`, of an image or of what gives one.

    Raises:
        DataError, ValueError, TypeError: as `read_image`; or what the function raises.
    """
    return read_image(image() if callable(image) else image, limits)
