"""The face: what distinguishes a cat from a dog at first sight. The head's radius is 1, its middle the origin."""

import numpy as np

from data_loader.pets.drawing.brush import Layer, ellipse, fluffy, limb, smooth
from data_loader.pets.drawing.coat import fur, shade, white_or_fur
from data_loader.pets.drawing.looks import Look

_NOSE = {"cat": (214, 128, 128), "dog": (34, 30, 34)}
_MOUTH = (60, 36, 36)
_DARK = (48, 40, 42)


def draw_cat_head(layer: Layer, look: Look, phase: float, rng: np.random.Generator) -> None:
    """Pointed ears, a broad short face, slit pupils, whiskers."""
    height = {"pointed": 1.28, "large": 1.5, "small": 1.08}[look.ears]
    for side in (-1, 1):
        ear = [(0.95, -0.12), (0.93, -0.7), (0.82, -height), (0.5, -1.02), (0.14, -0.72), (0.5, -0.3)]
        layer.fill(_mirrored(smooth(ear), side), fur(look, "ear", phase), 0.2)
        inner = [(0.8, -0.5), (0.76, -height + 0.22), (0.42, -0.78)]
        layer.fill(_mirrored(np.array(inner), side), (222, 158, 150), 0.2)
    face = smooth([(0, -0.82), (0.62, -0.72), (0.98, -0.1), (0.86, 0.42), (0.42, 0.78), (0, 0.84),
                   (-0.42, 0.78), (-0.86, 0.42), (-0.98, -0.1), (-0.62, -0.72)])  # fmt: skip
    layer.fill(fluffy(face, 0.16 * look.fluff, rng), fur(look, "head", phase), 0.3)
    if look.white:
        layer.fill(
            smooth([(0, -0.7), (0.12, 0.0), (0.4, 0.5), (0, 0.8), (-0.4, 0.5), (-0.12, 0.0)]), (248, 246, 240), 0
        )
    for side in (-1, 1):
        layer.fill(ellipse(0.2 * side, 0.42, 0.27, 0.21), _muzzle_paint(look, "head", phase, 1.1), 0.25)
        _cat_eye(layer, side, look)
    layer.fill(smooth([(-0.13, 0.2), (0.13, 0.2), (0, 0.34)]), _NOSE["cat"], 0.2)
    layer.line(smooth([(-0.26, 0.5), (-0.1, 0.54), (0, 0.36), (0.1, 0.54), (0.26, 0.5)], closed=False), 0.035, _MOUTH)
    whisker = shade((255, 255, 255), 0.96) if sum(look.base) < 520 else (150, 140, 134)
    for side in (-1, 1):
        for rise in (-0.1, 0.04, 0.18):
            points = [(0.3, 0.42 + rise / 3), (0.6, 0.38 + rise), (0.92, 0.42 + 1.4 * rise)]
            layer.line(_mirrored(smooth(points, closed=False), side), 0.022, whisker)


def draw_dog_head(layer: Layer, look: Look, phase: float, rng: np.random.Generator) -> None:
    """Hanging ears (or small round upright ones, set wide), a long muzzle with a big black nose, often a tongue."""
    if look.ears == "fox":
        _fox_ears(layer, look, phase)
    skull = smooth([(0, -0.92), (0.5, -0.82), (0.78, -0.35), (0.76, 0.15), (0.52, 0.6), (0.36, 0.95), (0, 1.04),
                    (-0.36, 0.95), (-0.52, 0.6), (-0.76, 0.15), (-0.78, -0.35), (-0.5, -0.82)])  # fmt: skip
    layer.fill(fluffy(skull, 0.17 * look.fluff, rng), fur(look, "head", phase), 0.3)
    if look.white:
        layer.fill(
            smooth([(0, -0.85), (0.14, -0.3), (0.2, 0.3), (0, 0.5), (-0.2, 0.3), (-0.14, -0.3)]), (248, 246, 240), 0
        )
    if look.ears != "fox":
        _hanging_ears(layer, look, phase, rng)
    if rng.random() < 0.5:
        layer.fill(smooth([(-0.15, 0.8), (0.15, 0.8), (0.17, 1.1), (0, 1.24), (-0.17, 1.1)]), (226, 104, 116), 0.3)
    layer.fill(ellipse(0, 0.5, 0.5, 0.43), _muzzle_paint(look, "head", phase, 1.12), 0.45)
    for side in (-1, 1):
        _dog_eye(layer, side, look)
    layer.fill(
        smooth([(-0.25, 0.2), (0, 0.13), (0.25, 0.2), (0.16, 0.38), (0, 0.44), (-0.16, 0.38)]), _NOSE["dog"], 0.3
    )
    layer.fill(ellipse(-0.07, 0.21, 0.07, 0.035), (150, 146, 150), 0)
    layer.line(
        smooth([(-0.34, 0.68), (-0.14, 0.76), (0, 0.62), (0.14, 0.76), (0.34, 0.68)], closed=False), 0.045, _MOUTH
    )
    layer.line(np.array([(0, 0.42), (0, 0.62)]), 0.04, _MOUTH)


def _mirrored(points: np.ndarray, side: int) -> np.ndarray:
    return points * (side, 1)


def _muzzle_paint(look: Look, zone: str, phase: float, factor: float):
    if look.dark_muzzle:
        return _DARK
    if look.white:
        return white_or_fur(look, zone, phase)
    if look.pattern == "points":
        return shade(look.second, factor)
    return shade(look.base, factor)


def _cat_eye(layer: Layer, side: int, look: Look) -> None:
    x, y = 0.42 * side, -0.08
    layer.fill(ellipse(x, y, 0.235, 0.195, 12 * side), _DARK, 0)
    layer.fill(ellipse(x, y, 0.2, 0.165, 12 * side), look.eyes, 0.15)
    layer.fill(ellipse(x, y, 0.062, 0.155), (16, 14, 18), 0)
    layer.fill(ellipse(x - 0.07, y - 0.07, 0.045, 0.045), (255, 255, 255), 0)


def _dog_eye(layer: Layer, side: int, look: Look) -> None:
    x, y = 0.37 * side, -0.14
    layer.fill(ellipse(x, y, 0.165, 0.165), (232, 224, 214) if sum(look.base) < 260 else _DARK, 0)
    layer.fill(ellipse(x, y, 0.14, 0.14), look.eyes, 0.15)
    layer.fill(ellipse(x, y, 0.085, 0.085), (16, 14, 18), 0)
    layer.fill(ellipse(x - 0.05, y - 0.05, 0.045, 0.045), (255, 255, 255), 0)


def _fox_ears(layer: Layer, look: Look, phase: float) -> None:
    for side in (-1, 1):
        ear = smooth([(0.9, -0.2), (0.98, -0.85), (0.84, -1.12), (0.62, -1.02), (0.3, -0.6), (0.5, -0.3)])
        layer.fill(_mirrored(ear, side), fur(look, "ear", phase), 0.3)
        inner = smooth([(0.8, -0.5), (0.84, -0.85), (0.76, -0.92), (0.52, -0.6)])
        layer.fill(_mirrored(inner, side), shade(look.base, 0.62), 0.2)


def _hanging_ears(layer: Layer, look: Look, phase: float, rng: np.random.Generator) -> None:
    drop = 0.98 if look.ears == "long" else 0.45
    for side in (-1, 1):
        root, tip = (0.62, -0.62), (1.02, drop - 0.22)
        ear = limb([root, (0.95, -0.42), tip], [0.2, 0.27, 0.3])
        paint = fur(look, "ear", phase) if look.pattern != "plain" else shade(look.base, 0.78)
        layer.fill(fluffy(_mirrored(ear, side), 0.12 * look.fluff, rng), paint, 0.4)
