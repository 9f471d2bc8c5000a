"""Sorts what `summarize` is given into scalars, images, histograms and texts, the form every writer takes."""

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from utils.logger.config import LoggerConfig


@dataclass(frozen=True)
class Image:
    """An image as it is written: `png` holds `height` x `width` pixels of RGB."""

    png: bytes
    height: int
    width: int


@dataclass(frozen=True)
class Histogram:
    """Counts of the finite values of an array.

    Attributes:
        edges: (bins + 1,) float64, ascending.
        counts: (bins,) int64.
        total: sum of the values.
        total_squares: sum of their squares.
    """

    edges: np.ndarray
    counts: np.ndarray
    total: float
    total_squares: float


@dataclass
class Entries:
    """The values of one call, by kind and name."""

    scalars: dict[str, float] = field(default_factory=dict)
    images: dict[str, Image] = field(default_factory=dict)
    histograms: dict[str, Histogram] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


def sort_values(values: Mapping[str, Any], config: LoggerConfig) -> Entries:
    """Sort the values by kind and bring them into the form that is written.

    A number or an array without axes is a scalar, a uint8 array (H, W, 3) an image (RGB), any other array of floats a
    histogram of its finite values (the share of the others is a scalar `<name>/nonfinite`), a string a text. Tensors
    are read as arrays.

    Raises:
        ValueError: for anything else; names the key and what was given.
    """
    entries = Entries()
    for key, value in values.items():
        _sort_value(_checked_key(key), value, config, entries)
    return entries


def _checked_key(key: Any) -> str:
    if not isinstance(key, str) or not key:
        raise ValueError(f"summarize: a name is a non-empty string, not {key!r}")
    return key


def _sort_value(key: str, value: Any, config: LoggerConfig, entries: Entries) -> None:
    if isinstance(value, str):
        entries.texts[key] = value
        return
    array = _as_array(key, value)
    if array.ndim == 0:
        entries.scalars[key] = float(array)
    elif array.dtype == np.uint8 and array.ndim == 3 and array.shape[-1] == 3 and array.size:
        if len(entries.images) < config.max_images:
            entries.images[key] = encode_image(array, config.max_image_side)
    elif np.issubdtype(array.dtype, np.floating) and array.size:
        if config.histograms:
            _add_histogram(key, array, config.histogram_bins, entries)
    else:
        raise _unknown(key, f"an array of {array.dtype} with shape {array.shape}")


def _as_array(key: str, value: Any) -> np.ndarray:
    """The value as an array of numbers; other floats such as bfloat16 become float32."""
    if not isinstance(value, numbers.Number) and not hasattr(value, "__array__"):
        raise _unknown(key, f"{type(value).__name__} {value!r:.100}")
    array = np.asarray(value)
    if array.dtype.kind == "V" and "float" in array.dtype.name:
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        raise _unknown(key, f"{type(value).__name__} of {array.dtype}")
    return array


def _unknown(key: str, received: str) -> ValueError:
    return ValueError(
        f"summarize: {key!r} is {received}; give a number, a uint8 array (H, W, 3), floats (at least one) or a string"
    )


def _add_histogram(key: str, array: np.ndarray, bins: int, entries: Entries) -> None:
    finite = array[np.isfinite(array)].astype(np.float64)
    if finite.size < array.size:
        entries.scalars[f"{key}/nonfinite"] = 1.0 - finite.size / array.size
    if finite.size:
        entries.histograms[key] = make_histogram(finite, bins)


def make_histogram(values: np.ndarray, bins: int) -> Histogram:
    """Count finite float64 `values` (N,) in `bins` bins of equal width from the smallest to the largest."""
    low, high = float(values.min()), float(values.max())
    if not math.isfinite((high - low) / bins) or (high - low) / bins <= np.spacing(max(abs(low), abs(high))):
        # A range too narrow (or too wide) for distinct edges: np.histogram would refuse it.
        margin = max(abs(low), abs(high), 1.0) * 1e-6
        low, high = max(low - margin, -1e300), min(high + margin, 1e300)
    counts, edges = np.histogram(np.clip(values, low, high), bins=bins, range=(low, high))
    with np.errstate(over="ignore"):
        return Histogram(edges, counts, float(values.sum()), float(np.square(values).sum()))


def encode_image(rgb: np.ndarray, max_side: int) -> Image:
    """Encode RGB pixels (H, W, 3) uint8 as PNG, scaled down so that no side is over `max_side` pixels.

    Raises:
        ValueError: when the pixels cannot be encoded.
    """
    scale = max_side / max(rgb.shape[:2])
    if scale < 1:
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    if not done:
        raise ValueError(f"summarize: an image of shape {rgb.shape} could not be encoded as PNG")
    return Image(data.tobytes(), rgb.shape[0], rgb.shape[1])


def flatten(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` → `{"a.b": 1}`; lists stay values."""
    flat: dict[str, Any] = {}
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat.update(flatten(value, f"{name}."))
        else:
            flat[name] = value
    return flat
