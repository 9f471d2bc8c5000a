"""A whole image: a scene, animals from back to front, now and then something in front of them."""

from dataclasses import dataclass

import numpy as np

from data_loader.pets.breeds import BREEDS
from data_loader.pets.drawing.animal import POSES, draw_animal, placing, shadow
from data_loader.pets.drawing.brush import Layer
from data_loader.pets.drawing.looks import LOOKS
from data_loader.pets.drawing.scene import draw_scene, draw_thing, finish

_SOLID = 0.5
"""Opacity from which a pixel belongs to what is painted."""
_MIN_VISIBLE = 0.4
"""An animal of which less than this part can be seen is taken out of the image."""
_ALONE = {"sitting": 0.25, "standing": 0.2, "lying": 0.2, "portrait": 0.35}
_TOGETHER = {"sitting": 0.4, "standing": 0.3, "lying": 0.3}
"""How often each pose is taken. Pets are photographed from close by, often no more than head and shoulders."""
_SHARES = (1.0, 0.7, 0.6)
"""Height of an animal beside none, one or two others."""
_SHAPES = ((1.0, 0.75), (0.75, 1.0), (1.0, 0.67), (1.0, 1.0))
"""Width and height, as parts of the longer side."""


@dataclass(frozen=True)
class Drawing:
    """A synthetic image.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        instances: (h, w) uint8, i where the i-th animal is seen, else 0.
        breeds: class id of each animal, the largest first.
    """

    image: np.ndarray
    instances: np.ndarray
    breeds: tuple[int, ...]


@dataclass(frozen=True)
class _Actor:
    """An animal and where it stands: the middle of its feet at pixel (x, y), `scale` pixels to a unit."""

    breed: int
    pose: str
    x: float
    y: float
    scale: float
    mirrored: bool


def draw_image(index: int, seed: int, size: int, max_animals: int) -> Drawing:
    """Draws image `index`: the same for the same arguments, whatever came before.

    Args:
        index: counts from 0; the breed of the first animal is `index` modulo 37.
        seed: another seed draws other images.
        size: longer side in pixels.
        max_animals: 1…3.
    """
    rng = np.random.default_rng((seed, index))
    shape = _SHAPES[rng.integers(len(_SHAPES))]
    width, height = round(size * shape[0]), round(size * shape[1])
    count = min(max_animals, 1 + int(rng.choice(3, p=(0.75, 0.18, 0.07))))
    breeds = [index % len(BREEDS) + 1, *(int(breed) for breed in rng.integers(1, len(BREEDS) + 1, count - 1))]
    scene, horizon = draw_scene((height, width), rng)
    actors = _cast(breeds, (height, width), horizon, rng)
    layers = [_paint(actor, (height, width), rng) for actor in actors]
    cover = _cover((height, width), rng)
    order = sorted(range(len(actors)), key=lambda i: actors[i].y)
    order, owner = _seen(order, layers, cover)
    for i in order:
        _drop_shadow(scene, actors[i])
        _lay(scene, layers[i])
    _lay(scene, cover)
    values = sorted(order, key=lambda i: -np.count_nonzero(owner == i + 1))
    instances = np.zeros((height, width), np.uint8)
    for value, i in enumerate(values, 1):
        instances[owner == i + 1] = value
    return Drawing(finish(scene.rgb, rng), instances, tuple(breeds[i] for i in values))


def _cast(breeds: list[int], size: tuple[int, int], horizon: float, rng: np.random.Generator) -> list[_Actor]:
    """Where each animal stands: side by side in random order, the feet on the ground."""
    height, width = size
    count = len(breeds)
    places = rng.permutation(count)
    actors = []
    for breed, place in zip(breeds, places, strict=True):
        poses = _ALONE if count == 1 else _TOGETHER
        pose = str(rng.choice(list(poses), p=list(poses.values())))
        left, top, right, bottom = POSES[pose].extent
        share = rng.uniform(0.85, 1.2) * _SHARES[count - 1] * LOOKS[breed - 1].size ** 0.5
        scale = min(share * height / (bottom - top), 1.1 * share * width / (right - left))
        x = width * (place + 0.5 + rng.uniform(-0.22, 0.22)) / count
        low = max(horizon + 0.12, 0.98 * (bottom - top) * scale / height)
        y = height * (rng.uniform(0.98, 1.06) if pose == "portrait" else rng.uniform(min(low, 0.95), 0.98))
        actors.append(_Actor(breed, pose, x, y, scale, bool(rng.random() < 0.5)))
    return actors


def _paint(actor: _Actor, size: tuple[int, int], rng: np.random.Generator) -> Layer:
    matrix = placing(actor.pose, actor.x, actor.y, actor.scale, actor.mirrored)
    return draw_animal(size, actor.breed, actor.pose, matrix, rng)


def _cover(size: tuple[int, int], rng: np.random.Generator) -> Layer:
    """What is in front of everything: in a fifth of the images a thing or two at the lower edge."""
    height, width = size
    layer = Layer(size, np.array([[height, 0.0, 0.0], [0.0, height, 0.0]]), rng)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.2 else 0):
        draw_thing(layer, rng.uniform(0, width / height), rng.uniform(0.96, 1.06), rng.uniform(0.12, 0.22), rng)
    return layer


def _seen(order: list[int], layers: list[Layer], cover: Layer) -> tuple[list[int], np.ndarray]:
    """Takes out animals that are mostly hidden.

    Returns:
        The animals that stay, from back to front, and (h, w) int32 with i + 1 where the i-th is seen.
    """
    while True:
        owner = np.zeros(cover.alpha.shape, np.int32)
        for i in order:
            owner[layers[i].alpha > _SOLID] = i + 1
        owner[cover.alpha > _SOLID] = 0
        seen = {i: np.count_nonzero(owner == i + 1) / max(1, np.count_nonzero(layers[i].alpha > _SOLID)) for i in order}
        hidden = [i for i in order if seen[i] < _MIN_VISIBLE]
        if not hidden or len(order) == 1:
            return order, owner
        order = [i for i in order if i != min(hidden, key=seen.__getitem__)]


def _drop_shadow(scene: Layer, actor: _Actor) -> None:
    left, _, right, _ = POSES[actor.pose].extent
    dark = shadow(scene.alpha.shape, actor.x, actor.y, 0.42 * (right - left) * actor.scale)
    scene.rgb *= 1 - dark[..., None]


def _lay(scene: Layer, layer: Layer) -> None:
    scene.rgb += layer.alpha[..., None] * (layer.rgb - scene.rgb)
