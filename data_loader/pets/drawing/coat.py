"""The color of the fur at a place of the animal."""

from collections.abc import Iterable

import numpy as np

from data_loader.pets.drawing.brush import Paint
from data_loader.pets.drawing.looks import Look

_WHITE = np.array([248, 246, 240], np.float32)


def fur(look: Look, zone: str, phase: float) -> Paint:
    """The paint of one part.

    Args:
        look: the breed's look.
        zone: "body", "head", "limb", "tail" or "ear": the coat differs between them.
        phase: shifts stripes and spots, so that no two animals are the same.
    """
    base, second = (np.array(color, np.float32) for color in (look.base, look.second))

    def paint(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        share = _SHARES[look.pattern](x, y, noise, zone, phase)[..., None]
        color = base + share * (second - base)
        grain = 5 * np.sin(41 * x + 13 * noise) * np.sin(29 * y + 11 * noise)
        return color * (1 + 0.07 * noise[..., None]) + grain[..., None]

    return paint


def white_or_fur(look: Look, zone: str, phase: float) -> Paint | tuple:
    """White where the breed has white chest, paws and blaze, else the fur."""
    return tuple(_WHITE) if look.white else fur(look, zone, phase)


def shade(color: Iterable[float], factor: float) -> tuple:
    """A darker (factor below 1) or lighter color."""
    return tuple(float(np.clip(value * factor, 0, 255)) for value in color)


def _step(value: np.ndarray, sharpness: float = 8.0) -> np.ndarray:
    """0 below 0, 1 above, a soft edge between."""
    return np.clip(0.5 + sharpness * value, 0, 1)


def _plain(x, y, noise, zone, phase):
    return np.zeros((1, 1), np.float32)


def _stripes(x, y, noise, zone, phase):
    along = y if zone in ("tail", "limb") else x + 0.35 * y
    return 0.85 * _step(np.sin(13 * along + 3.0 * noise + phase) - 0.35, 3)


def _spots(x, y, noise, zone, phase):
    size = 9.0 if zone == "body" else 12.0
    wave = np.sin(size * x + 2.2 * np.sin(4.1 * y + phase)) * np.sin(size * y + 2.2 * np.sin(3.7 * x + phase))
    return _step(wave - 0.32, 6)


def _patches(x, y, noise, zone, phase):
    if zone == "ear":
        return np.ones_like(x)
    if zone == "limb":
        return np.zeros_like(x)
    return _step(np.sin(2.3 * x + phase) + 0.8 * np.sin(2.9 * y + 2 * phase) + 0.5 * noise - 0.35, 9)


def _saddle(x, y, noise, zone, phase):
    if zone == "body":
        return _step(0.16 * noise - (y + 1.15), 7)
    return {"tail": 0.8, "ear": 0.25}.get(zone, 0.0) * np.ones_like(x)


def _points(x, y, noise, zone, phase):
    if zone == "head":
        return _step(0.5 - np.hypot(x, 0.8 * (y - 0.32)) + 0.1 * noise, 3)
    if zone == "limb":
        return _step(y + 0.45, 2.5)
    return (1.0 if zone in ("ear", "tail") else 0.0) * np.ones_like(x)


def _ticked(x, y, noise, zone, phase):
    fine = np.sin(37 * x + 5 * noise + phase) * np.sin(33 * y - 6 * noise)
    return 0.8 * _step(fine - (0.3 if zone in ("ear", "tail") else 0.45), 3)


_SHARES = {
    "plain": _plain,
    "stripes": _stripes,
    "spots": _spots,
    "patches": _patches,
    "saddle": _saddle,
    "points": _points,
    "ticked": _ticked,
}
"""Pattern → the share of the second color, 0…1, at (x, y)."""
