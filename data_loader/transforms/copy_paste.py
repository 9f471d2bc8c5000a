"""Copy-paste: objects of another image, pasted in (Ghiasi et al. 2021, "Simple Copy-Paste")."""

from dataclasses import replace

import cv2
import numpy as np

from base.batch import Sample, Size
from data_loader.config import AugmentConfig
from data_loader.transforms.composition import Composition
from data_loader.transforms.objects import placed_objects
from data_loader.transforms.placement import Placement, jittered, translation, within
from data_loader.transforms.warp import warp_image


def copy_paste(
    onto: Composition, other: Sample, input_size: Size, config: AugmentConfig, rng: np.random.Generator
) -> Composition:
    """Pastes a random subset of the other image's objects, crowds never, at a random place.

    What they cover is taken from the objects below, and one of which too little is left is dropped.

    Args:
        onto: the image that is pasted onto; its size stays.
        other: a raw sample; its image is jittered as any other.
        input_size: (H, W) that the other image is fitted into before its jitter.
        config: the jitter, the smoothing and the part of an object that must be left.
        rng: the only source of randomness.
    """
    placed = jittered(other["image"].shape[:2], input_size, config, rng)
    height, width = onto.image.shape[:2]
    placement = within((height, width), placed, rng.random(2).tolist(), rng)
    pasted = placed_objects(other, placement, config.min_kept_area, _subset(other["crowd"], rng))
    if not pasted:
        return onto
    cover = np.zeros((height, width), np.uint8)
    for item in pasted:
        top, left, mask = item.crop
        cover[top : top + mask.shape[0], left : left + mask.shape[1]] |= mask
    rest = (item.without(cover) for item in onto.objects)
    below = [item for item in rest if item is not None and item.has(config.min_kept_area)]
    image = _blended(onto.image, other["image"], placement, cover, config.copy_paste_sigma)
    return replace(onto, image=image, objects=below + pasted)


def _subset(crowd: np.ndarray, rng: np.random.Generator) -> list[int]:
    """Objects that are no crowds: each number of them from 1 to all has the same probability."""
    objects = np.flatnonzero(~crowd)
    if not len(objects):
        return []
    return sorted(rng.choice(objects, int(rng.integers(1, len(objects) + 1)), replace=False).tolist())


def _blended(image: np.ndarray, other: np.ndarray, placement: Placement, cover: np.ndarray, sigma: float) -> np.ndarray:
    """The other image, warped, where `cover` is not 0, and `image` elsewhere; only what is visible of it is warped."""
    rim = int(np.ceil(3 * sigma))
    x, y, width, height = cv2.boundingRect(cover)
    top, bottom = max(0, y - rim), min(cover.shape[0], y + height + rim)
    left, right = max(0, x - rim), min(cover.shape[1], x + width + rim)
    part = Placement(translation(-left, -top) @ placement.matrix, (bottom - top, right - left))
    patch, mask = warp_image(other, part), (cover[top:bottom, left:right] != 0).astype(np.uint8)
    image = image.copy()
    below = image[top:bottom, left:right]
    if sigma:
        weight = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma)
        below[:] = cv2.blendLinear(patch, np.ascontiguousarray(below), weight, 1 - weight)
    else:
        cv2.copyTo(patch, mask, below)
    return image
