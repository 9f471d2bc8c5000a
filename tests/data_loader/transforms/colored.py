"""Raw samples whose pixels say which object they belong to, so that image and masks can be compared to the pixel."""

import numpy as np

from data_loader.config import AugmentConfig
from data_loader.transforms.prepare import train_sample
from data_loader.transforms.warp import tight_box

STILL = {"flip": 0.0, "scale": 0.0, "rotation": 0.0, "color": 0.0, "blur": 0.0, "min_kept_area": 0.0}
"""Every usual change off: what a test switches on is all that happens."""


def rectangle(height, width, left, top, right, bottom):
    mask = np.zeros((height, width), np.uint8)
    mask[top:bottom, left:right] = 1
    return mask


def colored(masks, first=1, crowd=(), size=None):
    """Object i of the image has class and red value `first + i`; the background is 200, 200, 200.

    Masks must not overlap; without any, `size` is that of the image.
    """
    masks = np.array(masks, np.uint8).reshape(-1, *(size or np.shape(masks)[1:]))
    image = np.full((*masks.shape[1:], 3), 200, np.uint8)
    for number, mask in enumerate(masks):
        image[mask != 0] = (first + number, 0, 0)
    return {
        "image": image,
        "boxes": np.array([tight_box(mask) for mask in masks], np.float32).reshape(-1, 4),
        "classes": np.arange(first, first + len(masks), dtype=np.int32),
        "masks": masks,
        "crowd": np.isin(np.arange(first, first + len(masks)), crowd),
        "image_id": first,
    }


def augmented(sample, size, seed=0, source=None, max_objects=40, **keys):
    """The training sample with `STILL` and what `keys` change."""
    sample = sample if source is None else sample | {"source": source}
    return train_sample(sample, size, AugmentConfig(**STILL | keys), max_objects, np.random.default_rng(seed))


def found_objects(sample):
    """Class → (mask, box) of a prepared sample."""
    masks = np.asarray(sample["gt_masks"])
    real = np.flatnonzero(sample["gt_classes"])
    return {int(sample["gt_classes"][i]): (masks[i], sample["gt_boxes"][i]) for i in real}


def assert_exact(sample):
    """Every object of the image is annotated, by the mask of exactly its pixels and their tight box."""
    color = sample["images"].astype(int)
    seen = np.where((color[..., 1:] == 0).all(axis=2), color[..., 0], 0)
    objects = found_objects(sample)
    assert set(np.unique(seen)) - {0} == set(objects)
    for number, (mask, box) in objects.items():
        np.testing.assert_array_equal(mask == 1, seen == number)
        np.testing.assert_array_equal(box, tight_box(mask))
