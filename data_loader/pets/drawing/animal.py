"""One animal in one of four poses. Its units: feet at y = 0, up is negative, about 3 high."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from data_loader.pets.breeds import species_of
from data_loader.pets.drawing.brush import Layer, ellipse, fluffy, limb
from data_loader.pets.drawing.coat import fur, shade, white_or_fur
from data_loader.pets.drawing.head import draw_cat_head, draw_dog_head
from data_loader.pets.drawing.looks import LOOKS, Look


@dataclass(frozen=True)
class Pose:
    """How an animal is painted.

    Attributes:
        body: paints everything but the head.
        head: middle x, y and radius of the head, for legs of length 1.
        extent: left, top, right, bottom of the whole, for where to put it.
        rises: how much of `head` y and of the top goes with the length of the legs.
    """

    body: Callable[["Artist"], None]
    head: tuple[float, float, float]
    extent: tuple[float, float, float, float]
    rises: float


@dataclass(frozen=True)
class Artist:
    """What the painting of a body needs."""

    layer: Layer
    look: Look
    is_cat: bool
    phase: float
    rng: np.random.Generator

    def soft(self, outline: np.ndarray, zone: str, depth: float = 0.35) -> None:
        """Paints an outline as fur."""
        outline = fluffy(outline, 0.11 * self.look.fluff, self.rng)
        self.layer.fill(outline, fur(self.look, zone, self.phase), depth)

    def paw(self, x: float, y: float, rx: float = 0.2) -> None:
        """A paw with two lines between its toes."""
        paint = white_or_fur(self.look, "limb", self.phase)
        self.layer.fill(ellipse(x, y, rx, 0.13), paint, 0.3)
        for toe in (-0.07, 0.07):
            self.layer.line(np.array([(x + toe, y), (x + toe, y + 0.1)]), 0.03, shade(self.look.base, 0.5))


def draw_animal(size: tuple[int, int], breed: int, pose: str, matrix: np.ndarray, rng: np.random.Generator) -> Layer:
    """Paints an animal on a layer of its own.

    Args:
        size: (height, width) of the layer in pixels.
        breed: class id 1…37.
        pose: a key of `POSES`.
        matrix: (2, 3) map from the animal's units to pixels.
        rng: gives what differs between animals of a breed.
    """
    look, is_cat, plan = _vary(LOOKS[breed - 1], rng), species_of(breed) == 1, POSES[pose]
    phase = rng.uniform(0, 2 * np.pi)
    layer = Layer(size, matrix, rng)
    plan.body(Artist(layer, look, is_cat, phase, rng))
    x, y, radius = plan.head
    y += plan.rises * (1 - look.legs)
    tilt = np.deg2rad(rng.uniform(-12, 12))
    cos, sin = radius * np.cos(tilt), radius * np.sin(tilt)
    face = layer.within(np.array([[cos, -sin, x], [sin, cos, y], [0, 0, 1]]))
    (draw_cat_head if is_cat else draw_dog_head)(face, look, phase, rng)
    return layer


def _vary(look: Look, rng: np.random.Generator) -> Look:
    """A little lighter, darker, warmer or colder than the breed's usual."""
    change = rng.uniform(0.92, 1.06) * rng.uniform(0.97, 1.03, 3)
    base, second = (tuple(np.clip(np.multiply(color, change), 0, 255)) for color in (look.base, look.second))
    values = {**look.__dict__, "base": base, "second": second}
    return Look(**values)


def _sitting(a: Artist) -> None:
    """From the front, upright on its haunches."""
    _tail(a, (0.75, -0.3), [(1.3, -0.2), (1.55, -0.65), (1.35, -1.05)])
    a.soft(ellipse(0, -0.72, 0.92, 0.74), "body")
    a.soft(ellipse(0, -1.3, 0.66, 0.85), "body")
    for side in (-1, 1):
        a.soft(ellipse(0.68 * side, -0.48, 0.36, 0.5, 14 * side), "body")
        a.paw(0.72 * side, -0.1, 0.27)
    if a.look.white:
        a.layer.fill(fluffy(ellipse(0, -1.3, 0.36, 0.6), 0.08, a.rng), (248, 246, 240), 0.25)
    for side in (-1, 1):
        a.soft(limb([(0.3 * side, -1.1), (0.29 * side, -0.6), (0.27 * side, -0.12)], [0.24, 0.2, 0.17]), "limb")
        a.paw(0.27 * side, -0.1, 0.22)


def _standing(a: Artist) -> None:
    """From the side, the head to the left."""
    drop = 0.9 * (1 - a.look.legs)
    up = drop - 1.35
    _tail(a, (1.2, up - 0.3), [(1.6, up - 0.75), (1.62, up - 1.25), (1.4, up - 1.5)])
    for x in (-0.62, 1.12):
        a.layer.fill(limb([(x, up), (x, up / 2), (x, -0.1)], [0.26, 0.17, 0.15]), shade(a.look.base, 0.72), 0.3)
    a.soft(ellipse(0.15, up, 1.3, 0.58), "body")
    a.soft(ellipse(-0.8, up - 0.15, 0.58, 0.62), "body")
    a.soft(ellipse(0.95, up - 0.02, 0.52, 0.56), "body")
    for x in (-0.92, 0.84):
        a.soft(limb([(x, up + 0.1), (x, up / 2), (x - 0.02, -0.12)], [0.32, 0.2, 0.17]), "limb")
        a.paw(x - 0.06, -0.1, 0.22)
    a.soft(limb([(-0.75, up - 0.2), (-1.2, up - 0.7)], [0.5, 0.42]), "body")


def _lying(a: Artist) -> None:
    """Like a sphinx, from half in front."""
    _tail(a, (1.45, -0.3), [(1.95, -0.15), (2.0, -0.5), (1.75, -0.75)])
    a.soft(ellipse(0.5, -0.66, 1.3, 0.62), "body")
    a.soft(ellipse(1.1, -0.5, 0.6, 0.5), "body")
    a.paw(0.8, -0.1, 0.32)
    a.soft(ellipse(-0.55, -0.75, 0.62, 0.66), "body")
    if a.look.white:
        a.layer.fill(fluffy(ellipse(-0.62, -0.65, 0.34, 0.42), 0.08, a.rng), (248, 246, 240), 0.25)
    for x in (-0.3, -0.85):
        a.soft(limb([(x + 0.05, -0.45), (x - 0.1, -0.2), (x - 0.2, -0.13)], [0.22, 0.2, 0.17]), "limb")
        a.paw(x - 0.22, -0.11, 0.25)


def _portrait(a: Artist) -> None:
    """Head and shoulders; the rest is below the image's edge."""
    a.soft(ellipse(0, 0.15, 1.25, 1.35), "body")
    if a.look.white:
        a.layer.fill(fluffy(ellipse(0, -0.1, 0.55, 0.9), 0.12, a.rng), (248, 246, 240), 0.25)


def _tail(a: Artist, root: tuple[float, float], curve: list[tuple[float, float]]) -> None:
    """A cat's is long and thin; a dog's is short, thick and points up, or a plume where the fur is long."""
    plume = 0.55 + 0.9 * a.look.fluff
    if a.is_cat:
        widths = [0.13, 0.12 * plume + 0.05, 0.13 * plume + 0.05, 0.1]
        outline = limb([root, *curve], widths)
    else:
        outline = limb([root, *curve[:2]], [0.17, 0.16 * plume + 0.06, 0.09])
    outline = fluffy(outline, 0.14 * a.look.fluff, a.rng)
    a.layer.fill(outline, fur(a.look, "tail", a.phase), 0.35)


POSES = {
    "sitting": Pose(_sitting, (0.0, -2.35, 0.92), (-1.15, -3.6, 1.6, 0.05), 0.0),
    "standing": Pose(_standing, (-1.3, -2.25, 0.84), (-2.15, -3.4, 1.75, 0.05), 0.9),
    "lying": Pose(_lying, (-0.65, -1.55, 0.9), (-1.55, -2.8, 2.05, 0.05), 0.0),
    "portrait": Pose(_portrait, (0.0, -1.45, 1.05), (-1.3, -3.0, 1.3, 0.3), 0.0),
}
"""Name of a pose → how it is painted."""


def placing(pose: str, x: float, y: float, scale: float, mirrored: bool) -> np.ndarray:
    """(2, 3) map that puts the middle of the feet at pixel (x, y), with `scale` pixels to a unit."""
    left, _, right, _ = POSES[pose].extent
    middle = (left + right) / 2
    side = -scale if mirrored else scale
    return np.array([[side, 0.0, x - side * middle], [0.0, scale, y]])


def shadow(size: tuple[int, int], x: float, y: float, half_width: float) -> np.ndarray:
    """(h, w) float32 strength 0…1 of the soft shadow on the ground under an animal."""
    dark = np.zeros(size, np.float32)
    axes = max(1, round(half_width)), max(1, round(0.2 * half_width))
    cv2.ellipse(dark, (round(x), round(y)), axes, 0, 0, 360, 0.55, -1)
    return cv2.GaussianBlur(dark, (0, 0), max(1.0, 0.09 * half_width))
