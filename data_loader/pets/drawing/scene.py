"""What is behind the animals and between them: meadows, rooms and blankets, with things lying about.

Units are the image's height: x from 0 to width/height, y from 0 (top) to 1.
"""

import numpy as np

from data_loader.pets.drawing.brush import Layer, ellipse, limb, smooth
from data_loader.pets.drawing.coat import shade

_PASTEL = ((226, 206, 178), (186, 206, 214), (206, 218, 190), (226, 190, 186), (196, 188, 212), (172, 190, 178))
_STRONG = ((196, 70, 62), (62, 104, 168), (228, 178, 66), (84, 140, 88), (140, 92, 150), (170, 112, 66), (70, 66, 72))
_WOOD = ((176, 128, 84), (140, 98, 62), (204, 164, 118))


def draw_scene(size: tuple[int, int], rng: np.random.Generator) -> tuple[Layer, float]:
    """Paints an empty scene.

    Args:
        size: (height, width) in pixels.
        rng: chooses everything.

    Returns:
        The opaque layer and the y of the horizon, 0…1: below it is ground to stand on.
    """
    height, width = size
    layer = Layer(size, np.array([[height, 0.0, 0.0], [0.0, height, 0.0]]), rng)
    layer.alpha[:] = 1
    horizon = float(rng.uniform(0.28, 0.5))
    painter = (_meadow, _room, _room, _blanket)[rng.integers(4)]
    painter(layer, width / height, horizon, rng)
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(0, width / height), rng.uniform(horizon + 0.05, 1.0)
        draw_thing(layer, x, y, rng.uniform(0.08, 0.2) * (0.6 + 0.5 * y), rng)
    return layer, horizon


def draw_thing(layer: Layer, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """Paints a ball, cushion, bowl, box, bone, book or plant of about `size`, standing at (x, y)."""
    paint = (_ball, _cushion, _bowl, _box, _bone, _plant, _tussock)[rng.integers(7)]
    paint(layer, x, y, size, tuple(_pick(_STRONG, rng)), rng)


def finish(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) float32 → uint8 with the light of a place: a tint, brighter on one side, and the camera's noise."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    strength = rng.uniform(0, 0.22)
    light = 1 + strength * float(np.cos(angle)) * columns + strength * float(np.sin(angle)) * rows
    tint = (rng.uniform(0.8, 1.1) * rng.uniform(0.94, 1.06, 3)).astype(np.float32)
    grain = rng.standard_normal((height, width), np.float32) * np.float32(rng.uniform(1, 5))
    lit = image * tint * light[..., None] + grain[..., None]
    return np.clip(lit, 0, 255, out=lit).astype(np.uint8)


def _pick(colors: tuple, rng: np.random.Generator) -> np.ndarray:
    varied = np.array(colors[rng.integers(len(colors))]) * rng.uniform(0.88, 1.1, 3)
    return np.clip(varied, 0, 255).astype(np.float32)


def _rectangle(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _mottled(color: np.ndarray, strength: float, sway: float):
    """A paint with clouds of light and dark and a fine weave."""

    def paint(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        weave = np.sin(90 * x + 20 * noise) * np.sin(120 * y + sway)
        return color.astype(np.float32) * (1 + strength * noise + 0.5 * strength * weave)[..., None]

    return paint


def _meadow(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    sky = _pick(((146, 196, 232), (190, 214, 232), (240, 206, 170)), rng)
    layer.fill(_rectangle(-1, -1, width + 1, horizon + 0.1), lambda x, y, n: sky + 60 * (y + 0.1 * n)[..., None], 0)
    for _ in range(rng.integers(1, 4)):
        x, half = rng.uniform(0, width), rng.uniform(0.2, 0.6)
        color = _pick(((96, 140, 96), (126, 158, 120), (110, 130, 150)), rng)
        layer.fill(ellipse(x, horizon + 0.08, half, rng.uniform(0.12, 0.3)), _mottled(color, 0.08, 0), 0.2)
    grass = _pick(((104, 150, 66), (132, 160, 84), (166, 150, 90), (214, 220, 226)), rng)
    layer.fill(_rectangle(-1, horizon, width + 1, 2), _mottled(grass, 0.14, rng.uniform(0, 6)), 0)
    for brightness in (0.65, 0.85, 1.2):
        blades = [_blade(width, horizon, rng) for _ in range(50)]
        layer.lines(blades, 0.006, shade(grass, brightness))
    for _ in range(rng.integers(0, 14)):
        x, y = rng.uniform(0, width), rng.uniform(horizon + 0.1, 1)
        layer.fill(ellipse(x, y, 0.016, 0.013), tuple(_pick((*_STRONG[:3], (246, 240, 226)), rng)), 0.2)
        layer.fill(ellipse(x, y, 0.006, 0.005), (250, 210, 80), 0)


def _blade(width: float, horizon: float, rng: np.random.Generator) -> np.ndarray:
    x, y = rng.uniform(0, width), horizon + (1.05 - horizon) * np.sqrt(rng.random())
    tall = 0.06 * (0.3 + y - horizon)
    return np.array([(x, y), (x + rng.uniform(-0.4, 0.4) * tall, y - tall)])


def _room(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    wall, sway = _pick(_PASTEL, rng), rng.uniform(0, 6)
    second = np.clip(wall * rng.uniform(0.78, 1.12), 0, 255).astype(np.float32)
    kind, count = rng.integers(3), rng.uniform(20, 60)

    def paper(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        wave = (np.sin(count * x), np.sin(count * x) * np.sin(count * y + sway), 0.6 * noise)[kind]
        return wall + np.clip(4 * wave, 0, 1)[..., None] * (second - wall)

    layer.fill(_rectangle(-1, -1, width + 1, horizon + 0.1), paper, 0)
    for _ in range(rng.integers(0, 3)):
        x, y = rng.uniform(0, width), rng.uniform(0.02, max(0.03, horizon - 0.2))
        half = rng.uniform(0.06, 0.14)
        layer.fill(_rectangle(x - half, y, x + half, y + 1.5 * half), tuple(_pick(_WOOD, rng)), 0.2)
        inside = _rectangle(x - 0.8 * half, y + 0.2 * half, x + 0.8 * half, y + 1.3 * half)
        layer.fill(inside, _mottled(_pick(_PASTEL, rng), 0.3, sway), 0)
    floor = _pick((*_WOOD, *_PASTEL, _STRONG[0], _STRONG[1]), rng)
    layer.fill(_rectangle(-1, horizon, width + 1, 2), _mottled(floor, 0.09, sway), 0)
    if rng.random() < 0.6:
        for x in np.linspace(-1, width + 1, 15):
            layer.line(np.array([(width / 2 + (x - width / 2) * 0.45, horizon), (x, 1.1)]), 0.006, shade(floor, 0.72))
    else:
        rug = ellipse(rng.uniform(0.3, width - 0.3), rng.uniform(0.7, 0.95), rng.uniform(0.4, 0.7), 0.22)
        layer.fill(rug, _checked(_pick(_STRONG, rng), _pick(_PASTEL, rng), 40, sway), 0.1)
    layer.line(np.array([(-1, horizon), (width + 1, horizon)]), 0.018, shade(second, 0.7))
    if rng.random() < 0.5:
        _sofa(layer, rng.uniform(0, width), horizon + 0.12, rng)


def _blanket(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    first, second = _pick(_STRONG, rng), _pick(_PASTEL, rng)
    layer.fill(_rectangle(-1, -1, width + 1, 2), _checked(first, second, rng.uniform(12, 34), rng.uniform(0, 6)), 0)
    for _ in range(rng.integers(2, 6)):
        x, y = rng.uniform(0, width), rng.uniform(0, 1)
        fold = [(x, y), (x + rng.uniform(0.1, 0.4), y + rng.uniform(-0.2, 0.2)), (x + 0.5, y)]
        layer.fill(limb(fold, [0.004, 0.022, 0.004]), shade(first, 0.72), 0.5)


def _checked(first: np.ndarray, second: np.ndarray, count: float, sway: float):
    def paint(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        u, v = x + 0.04 * noise, y + 0.04 * np.sin(5 * x + sway)
        share = 0.5 * np.clip(3 * np.sin(count * u), 0, 1) + 0.5 * np.clip(3 * np.sin(count * v), 0, 1)
        return (first + share[..., None] * (second - first)) * (1 + 0.1 * noise)[..., None]

    return paint


def _sofa(layer: Layer, x: float, y: float, rng: np.random.Generator) -> None:
    color = _mottled(_pick((*_STRONG, *_PASTEL), rng), 0.06, 1)
    half = rng.uniform(0.3, 0.45)
    layer.fill(_rounded(x - half, y - 0.34, x + half, y + 0.05), color, 0.4)
    layer.fill(_rounded(x - half, y - 0.1, x + half, y + 0.14), color, 0.5)
    for side in (-1, 1):
        layer.fill(_rounded(x + side * half - 0.07, y - 0.2, x + side * half + 0.07, y + 0.16), color, 0.5)


def _rounded(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    dx, dy = 0.12 * (right - left), 0.12 * (bottom - top)
    corners = [(left + dx, top), (right - dx, top), (right, top + dy), (right, bottom - dy)]
    corners += [(right - dx, bottom), (left + dx, bottom), (left, bottom - dy), (left, top + dy)]
    return smooth(corners)


def _ball(layer, x, y, size, color, rng):
    layer.fill(ellipse(x, y - size / 2, size / 2, size / 2), color, 0.7)
    band = [(x - 0.45 * size, y - 0.6 * size), (x, y - 0.35 * size), (x + 0.45 * size, y - 0.6 * size)]
    layer.line(smooth(band, closed=False), 0.1 * size, shade(color, 1.5))


def _cushion(layer, x, y, size, color, rng):
    corners = [(-1, 0), (0, -0.12), (1, 0), (0.85, -0.5), (1, -1), (0, -0.9), (-1, -1), (-0.85, -0.5)]
    paint = _checked(np.array(color, np.float32), _pick(_PASTEL, rng), 3 / size, rng.uniform(0, 6))
    layer.fill(smooth(corners) * size + (x, y), paint if rng.random() < 0.6 else color, 0.5)


def _bowl(layer, x, y, size, color, rng):
    outline = [(x - size, y - 0.5 * size), (x + size, y - 0.5 * size), (x + 0.7 * size, y), (x - 0.7 * size, y)]
    layer.fill(smooth(outline), color, 0.5)
    layer.fill(ellipse(x, y - 0.52 * size, 0.95 * size, 0.2 * size), shade(color, 0.6), 0)
    layer.fill(ellipse(x, y - 0.54 * size, 0.8 * size, 0.15 * size), (124, 80, 46), 0.4)


def _box(layer, x, y, size, color, rng):
    color = tuple(_pick(_WOOD, rng))
    layer.fill(_rectangle(x - 0.7 * size, y - size, x + 0.5 * size, y), color, 0.15)
    side = [(x + 0.5 * size, y - size), (x + 0.85 * size, y - 1.15 * size), (x + 0.85 * size, y - 0.2 * size)]
    layer.fill(np.array([*side, (x + 0.5 * size, y)]), shade(color, 0.7), 0)
    lid = [(x - 0.7 * size, y - size), (x - 0.35 * size, y - 1.15 * size), (x + 0.85 * size, y - 1.15 * size)]
    layer.fill(np.array([*lid, (x + 0.5 * size, y - size)]), shade(color, 1.15), 0)


def _bone(layer, x, y, size, color, rng):
    tilt = rng.uniform(-0.5, 0.5)
    ends = np.array([(-0.6, -0.6 * tilt), (0.6, 0.6 * tilt)]) * size + (x, y - 0.2 * size)
    layer.fill(limb([tuple(end) for end in ends], [0.13 * size, 0.13 * size]), (238, 228, 204), 0.4)
    for end in ends:
        for shift in (-0.12, 0.12):
            layer.fill(
                ellipse(end[0] - shift * tilt * size, end[1] + shift * size, 0.17 * size, 0.17 * size),
                (238, 228, 204),
                0.4,
            )


def _plant(layer, x, y, size, color, rng):
    green = _pick(((74, 128, 70), (104, 150, 84), (60, 110, 90)), rng)
    for lean in np.linspace(-0.9, 0.9, 7):
        top = (x + (lean + rng.uniform(-0.15, 0.15)) * size, y - size * (2.1 - 0.8 * abs(lean)))
        leaf = limb(
            [(x, y - 0.7 * size), (x + 0.4 * lean * size, y - 1.3 * size), top], [0.05 * size, 0.16 * size, 0.02 * size]
        )
        layer.fill(leaf, shade(green, rng.uniform(0.8, 1.25)), 0.4)
    pot = [
        (x - 0.5 * size, y - 0.8 * size),
        (x + 0.5 * size, y - 0.8 * size),
        (x + 0.36 * size, y),
        (x - 0.36 * size, y),
    ]
    layer.fill(np.array(pot), color, 0.3)


def _tussock(layer, x, y, size, color, rng):
    green = _pick(((96, 140, 62), (140, 152, 80), (84, 122, 76)), rng)
    for lean in rng.permutation(np.linspace(-0.8, 0.8, 9)):
        tip = (x + (1.2 * lean + rng.uniform(-0.1, 0.1)) * size, y - size * rng.uniform(0.7, 1.3))
        blade = limb([(x + 0.5 * lean * size, y), tip], [0.07 * size, 0.005])
        layer.fill(blade, shade(green, rng.uniform(0.75, 1.3)), 0)
