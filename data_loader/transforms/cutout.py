"""Cut-out: rectangles of the image are erased (DeVries and Taylor 2017; Zhong et al. 2020, random erasing)."""

from dataclasses import replace

import numpy as np

from data_loader.config import AugmentConfig
from data_loader.transforms.composition import Composition
from data_loader.transforms.objects import PlacedObject
from data_loader.transforms.warp import NEUTRAL


def cut_out(made: Composition, config: AugmentConfig, rng: np.random.Generator) -> Composition:
    """Fills random rectangles with `NEUTRAL`.

    Masks and boxes stay whole, for the network is to find an object by what is seen of it; an object of which less than
    `min_kept_area` is seen is dropped, a crowd never.
    """
    image = made.image.copy()
    hidden = np.zeros(image.shape[:2], np.uint8)
    sides = np.array(hidden.shape)
    fewest, most = config.cutout_rectangles
    for _ in range(rng.integers(fewest, most + 1)):
        height, width = np.maximum(1, np.round(rng.uniform(*config.cutout_size, 2) * sides)).astype(int)
        top, left = (int(rng.integers(space + 1)) for space in sides - (height, width))
        hidden[top : top + height, left : left + width] = 1
        image[top : top + height, left : left + width] = NEUTRAL
    seen = [item for item in made.objects if _is_seen(item, hidden, config.min_kept_area)]
    return replace(made, image=image, objects=seen)


def _is_seen(item: PlacedObject, hidden: np.ndarray, min_kept_area: float) -> bool:
    visible = item.without(hidden)
    return item.crowd or (visible is not None and visible.has(min_kept_area))
