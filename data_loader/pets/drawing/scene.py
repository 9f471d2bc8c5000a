"""What is behind the animals and between them: a meadow, a room or a blanket, with things on it.

Units are the image's height: x from 0 to width/height, y from 0 (top) to 1.
"""

import numpy as np

from data_loader.pets.drawing.brush import Layer, Paint, ellipse, limb, smooth
from data_loader.pets.drawing.coat import shade

_PASTEL = ((226, 206, 178), (186, 206, 214), (206, 218, 190), (226, 190, 186), (196, 188, 212), (172, 190, 178))
_STRONG = ((196, 70, 62), (62, 104, 168), (228, 178, 66), (84, 140, 88), (140, 92, 150), (170, 112, 66), (70, 66, 72))
_WOOD = ((176, 128, 84), (140, 98, 62), (204, 164, 118))
_SKY = ((146, 196, 232), (190, 214, 232), (240, 206, 170))
_GRASS = ((104, 150, 66), (132, 160, 84), (166, 150, 90), (214, 220, 226))
_LEAVES = ((96, 140, 62), (140, 152, 80), (84, 122, 76))


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
    (_meadow, _room, _room, _blanket)[rng.integers(4)](layer, width / height, horizon, rng)
    for _ in range(rng.integers(1, 6)):
        x, y = rng.uniform(0, width / height), rng.uniform(horizon + 0.05, 1.0)
        draw_thing(layer, x, y, rng.uniform(0.08, 0.2) * (0.6 + 0.5 * y), rng)
    return layer, horizon


def draw_thing(layer: Layer, x: float, y: float, size: float, rng: np.random.Generator) -> None:
    """Paints a ball, a cushion, a bowl or a tuft of leaves of about `size`, standing at (x, y)."""
    (_ball, _cushion, _bowl, _leaves)[rng.integers(4)](layer, np.array((x, y)), size, _pick(_STRONG, rng), rng)


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


def _area(layer: Layer, top: float, bottom: float, paint: Paint | tuple) -> None:
    """The whole width between two heights."""
    layer.fill(np.array([(-1, top), (4, top), (4, bottom), (-1, bottom)]), paint, 0)


def _mottled(color: np.ndarray, strength: float, sway: float) -> Paint:
    """Clouds of light and dark and a fine weave."""

    def paint(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        weave = np.sin(90 * x + 20 * noise) * np.sin(120 * y + sway)
        return color * (1 + strength * noise + 0.5 * strength * weave)[..., None]

    return paint


def _checked(first: np.ndarray, second: np.ndarray, count: float, sway: float) -> Paint:
    def paint(x: np.ndarray, y: np.ndarray, noise: np.ndarray) -> np.ndarray:
        u, v = x + 0.04 * noise, y + 0.04 * np.sin(5 * x + sway)
        share = 0.5 * np.clip(3 * np.sin(count * u), 0, 1) + 0.5 * np.clip(3 * np.sin(count * v), 0, 1)
        return (first + share[..., None] * (second - first)) * (1 + 0.1 * noise)[..., None]

    return paint


def _meadow(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    sky, grass = _pick(_SKY, rng), _pick(_GRASS, rng)
    _area(layer, -1, horizon + 0.1, lambda x, y, noise: sky + 60 * (y + 0.1 * noise)[..., None])
    for _ in range(rng.integers(1, 4)):
        hill = ellipse(rng.uniform(0, width), horizon + 0.08, rng.uniform(0.2, 0.6), rng.uniform(0.12, 0.3))
        layer.fill(hill, _mottled(_pick(_LEAVES, rng), 0.08, 0), 0.2)
    _area(layer, horizon, 2, _mottled(grass, 0.14, rng.uniform(0, 6)))
    for brightness in (0.65, 0.85, 1.2):
        roots = np.stack([rng.uniform(0, width, 50), horizon + (1.05 - horizon) * np.sqrt(rng.random(50))], axis=1)
        tips = roots + 0.06 * (0.3 + roots[:, 1:] - horizon) * np.stack([rng.uniform(-0.4, 0.4, 50), -np.ones(50)], 1)
        layer.lines([*np.stack([roots, tips], axis=1)], 0.006, shade(grass, brightness))


def _room(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    wall, floor, sway = _pick(_PASTEL, rng), _pick((*_WOOD, *_PASTEL, *_STRONG[:2]), rng), rng.uniform(0, 6)
    _area(layer, -1, horizon + 0.1, _checked(wall, wall * np.float32(rng.uniform(0.78, 1.05)), 40, sway))
    _area(layer, horizon, 2, _mottled(floor, 0.09, sway))
    if rng.random() < 0.6:
        for x in np.linspace(-1, width + 1, 15):
            layer.line(np.array([(width / 2 + (x - width / 2) * 0.45, horizon), (x, 1.1)]), 0.006, shade(floor, 0.72))
    else:
        rug = ellipse(rng.uniform(0.3, width - 0.3), rng.uniform(0.7, 0.95), rng.uniform(0.4, 0.7), 0.22)
        layer.fill(rug, _checked(_pick(_STRONG, rng), _pick(_PASTEL, rng), 40, sway), 0.1)
    layer.line(np.array([(-1, horizon), (width + 1, horizon)]), 0.018, shade(wall, 0.7))


def _blanket(layer: Layer, width: float, horizon: float, rng: np.random.Generator) -> None:
    first, second = _pick(_STRONG, rng), _pick(_PASTEL, rng)
    _area(layer, -1, 2, _checked(first, second, rng.uniform(12, 34), rng.uniform(0, 6)))
    for _ in range(rng.integers(2, 6)):
        x, y = rng.uniform(0, width), rng.uniform(0, 1)
        fold = [(x, y), (x + rng.uniform(0.1, 0.4), y + rng.uniform(-0.2, 0.2)), (x + 0.5, y)]
        layer.fill(limb(fold, [0.004, 0.022, 0.004]), shade(first, 0.72), 0.5)


def _ball(layer: Layer, place: np.ndarray, size: float, color: np.ndarray, rng: np.random.Generator) -> None:
    layer.fill(ellipse(place[0], place[1] - size / 2, size / 2, size / 2), tuple(color), 0.7)
    band = np.array([(-0.45, -0.6), (0, -0.35), (0.45, -0.6)]) * size + place
    layer.line(smooth(band, closed=False), 0.1 * size, shade(color, 1.5))


def _cushion(layer: Layer, place: np.ndarray, size: float, color: np.ndarray, rng: np.random.Generator) -> None:
    corners = [(-1, 0), (0, -0.12), (1, 0), (0.85, -0.5), (1, -1), (0, -0.9), (-1, -1), (-0.85, -0.5)]
    paint = _checked(color, _pick(_PASTEL, rng), 3 / size, rng.uniform(0, 6))
    layer.fill(smooth(corners) * size + place, paint, 0.5)


def _bowl(layer: Layer, place: np.ndarray, size: float, color: np.ndarray, rng: np.random.Generator) -> None:
    layer.fill(smooth([(-1, -0.5), (1, -0.5), (0.7, 0), (-0.7, 0)]) * size + place, tuple(color), 0.5)
    layer.fill(ellipse(place[0], place[1] - 0.52 * size, 0.95 * size, 0.2 * size), shade(color, 0.6), 0)


def _leaves(layer: Layer, place: np.ndarray, size: float, color: np.ndarray, rng: np.random.Generator) -> None:
    green = _pick(_LEAVES, rng)
    for lean in rng.permutation(np.linspace(-0.8, 0.8, 9)):
        tip = place + size * np.array((1.2 * lean + rng.uniform(-0.1, 0.1), -rng.uniform(0.7, 1.3)))
        leaf = limb([place + np.array((0.5 * lean * size, 0)), tip], [0.1 * size, 0.005])
        layer.fill(leaf, shade(green, rng.uniform(0.75, 1.3)), 0.3)
