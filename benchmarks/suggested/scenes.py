"""Three data sets of different nature in COCO's format: many small objects, few large ones, long thin ones.

Everything is drawn from (seed, number of the image), so a data set is the same wherever it is made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from base import rle
from base.batch import Size
from utils.files import write_json

_FINER = 4
"""Outlines are drawn at this multiple and averaged down."""
_VISIBLE = 0.6
"""Part of an object that others may leave uncovered at the least."""


@dataclass(frozen=True)
class Scene:
    """What the images of a data set show.

    Attributes:
        size: height and width.
        numbers: fewest and most objects of an image.
        lengths: shortest and longest object, in pixels.
        shapes: class → the outline of an object about the origin, of length 1, as `(rng) -> (n, 2)`.
        upright: degrees that an object may lean from the axes at most; None for any angle.
    """

    size: Size
    numbers: tuple[int, int]
    lengths: tuple[float, float]
    shapes: Mapping[str, Callable[[np.random.Generator], np.ndarray]]
    upright: float | None = None


def regular(corners: int, inner: float = 1.0) -> Callable[[np.random.Generator], np.ndarray]:
    """A polygon of so many corners, or a star with the points between them at `inner` of the radius."""

    def outline(rng: np.random.Generator) -> np.ndarray:
        angles = np.arange(2 * corners) * np.pi / corners
        radii = np.where(np.arange(2 * corners) % 2, inner * np.cos(np.pi / corners) if inner == 1 else inner, 1.0)
        return 0.5 * (radii * rng.uniform(0.94, 1.06, radii.shape))[:, None] * _directions(angles)

    return outline


def ellipse(aspect: float) -> Callable[[np.random.Generator], np.ndarray]:
    """An ellipse, `aspect` times as long as it is wide."""

    def outline(rng: np.random.Generator) -> np.ndarray:
        width = rng.uniform(0.9, 1.1) / aspect
        return 0.5 * _directions(np.arange(24) * np.pi / 12) * np.array([1.0, min(width, 1.0)])

    return outline


def bar(aspect: float) -> Callable[[np.random.Generator], np.ndarray]:
    """A bar with two pointed ends, `aspect` times as long as it is wide."""

    def outline(rng: np.random.Generator) -> np.ndarray:
        half = 0.5 * rng.uniform(0.9, 1.1) / aspect
        return np.array([[-0.5, 0], [-0.45, half], [0.45, half], [0.5, 0], [0.45, -half], [-0.45, -half]])

    return outline


SCENES: Mapping[str, Scene] = {
    "many-small": Scene((96, 128), (10, 20), (8, 16), {"disk": ellipse(1.0), "seed": ellipse(2.0), "chip": regular(3)}),
    "few-large": Scene(
        (160, 160), (1, 2), (70, 125), {"blob": ellipse(1.2), "star": regular(5, 0.5), "box": regular(4)}
    ),
    "long-thin": Scene((160, 192), (3, 6), (50, 120), {"needle": ellipse(12), "rod": bar(9)}, upright=6.0),
}


def write_scene(name: str, root: Path, training: int, test: int, seed: int = 0) -> dict:
    """Writes images and annotations of a data set, and returns the section `data` that finds it.

    Args:
        name: of `SCENES`.
        root: a new folder.
        training, test: images in `train.json` and in `test.json`.
        seed: another one gives other images.
    """
    (root / "images").mkdir(parents=True)
    write_json(root / "train.json", _split(SCENES[name], root, range(training), seed))
    write_json(root / "test.json", _split(SCENES[name], root, range(training, training + test), seed))
    splits = {split: {"annotations": [f"{file}.json"], "images": "images"} for split, file in _FILES.items()}
    return {"name": "coco", "root": str(root), **splits}


_FILES = {"train": "train", "val": "test"}


def _split(scene: Scene, root: Path, numbers: range, seed: int) -> dict:
    images, annotations = [], []
    for number in numbers:
        image, objects = draw(scene, np.random.default_rng((seed, number)))
        file = f"{number:05d}.png"
        cv2.imwrite(str(root / "images" / file), image[..., ::-1])
        images.append({"id": number, "file_name": file, "height": image.shape[0], "width": image.shape[1]})
        for category, mask in objects:
            annotations.append(_annotation(len(annotations) + 1, number, category, mask))
    categories = [{"id": index, "name": name} for index, name in enumerate(scene.shapes, 1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _annotation(number: int, image: int, category: int, mask: np.ndarray) -> dict:
    encoded = rle.encode(mask)
    shared = {"id": number, "image_id": image, "category_id": category, "iscrowd": 0}
    return {**shared, "segmentation": encoded, "bbox": rle.xywh(encoded), "area": rle.area(encoded)}


def draw(scene: Scene, rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[int, np.ndarray]]]:
    """An image and its objects.

    Returns:
        (h, w, 3) uint8 RGB, and for each object its class 1…K and (h, w) bool, what of it is seen.
    """
    image = _texture(rng, scene.size, contrast=20)
    for _ in range(6):  # clutter: lines of no class
        ends = (rng.uniform(0, 1, (2, 2)) * scene.size[::-1]).astype(int)
        cv2.line(image, ends[0].tolist(), ends[1].tolist(), rng.integers(0, 255, 3).tolist(), 1, cv2.LINE_AA)
    objects: list[tuple[int, np.ndarray]] = []
    for _ in range(int(rng.integers(scene.numbers[0], scene.numbers[1] + 1))):
        category = int(rng.integers(len(scene.shapes)))
        cover = _cover(scene, category, rng)
        mask = cover >= 0.5
        if not mask.any() or any((seen & mask).sum() > (1 - _VISIBLE) * seen.sum() for _, seen in objects):
            continue
        image = _paint(image, cover, rng)
        objects = [(other, seen & ~mask) for other, seen in objects] + [(category + 1, mask)]
    noise = rng.normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8), [item for item in objects if item[1].any()]


def _cover(scene: Scene, category: int, rng: np.random.Generator) -> np.ndarray:
    """(h, w) float: which part of each pixel an object of the class covers, at a random place inside the image."""
    outline = list(scene.shapes.values())[category](rng) * rng.uniform(*scene.lengths)
    if scene.upright is None:
        degrees = rng.uniform(0, 360)
    else:
        degrees = rng.choice([0, 90]) + rng.uniform(-scene.upright, scene.upright)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    points = outline @ np.array([[cos, sin], [-sin, cos]])
    low, high = -points.min(axis=0), np.array(scene.size[::-1]) - points.max(axis=0)
    points += rng.uniform(np.minimum(low, high), np.maximum(low, high))
    fine = np.zeros((scene.size[0] * _FINER, scene.size[1] * _FINER), np.uint8)
    cv2.fillPoly(fine, [np.round(points * _FINER).astype(np.int32)], 255)
    return cv2.resize(fine, scene.size[::-1], interpolation=cv2.INTER_AREA) / 255.0


def _paint(image: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The image with an object of one color with a texture of its own, darker at the rim."""
    surface = _texture(rng, (cover.shape[0], cover.shape[1]), contrast=25)
    color = rng.integers(40, 255, 3)
    inner = cv2.GaussianBlur(cover, (0, 0), 1.2)
    painted = (0.5 * surface + 0.7 * color - 30) * (0.55 + 0.45 * inner)[..., None]
    return (image * (1 - cover[..., None]) + np.clip(painted, 0, 255) * cover[..., None]).astype(np.uint8)


def _texture(rng: np.random.Generator, size: Size, contrast: float) -> np.ndarray:
    """(h, w, 3) uint8 of cloudy colors around a random one."""
    clouds = np.zeros((*size, 3), np.float32)
    for cells in (3, 9, 27):
        clouds += cv2.resize(
            rng.normal(0, 1, (cells, cells, 3)).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC
        )
    return np.clip(rng.uniform(70, 170, 3) + contrast / 2 * clouds, 0, 255).astype(np.uint8)


def _directions(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
