"""A batch that needs no data set: noise with bright boxes on it."""

import numpy as np

from base.batch import Batch, DataSpec

OBJECTS = (2, 4, 8)
"""Objects of the images in turn, as far as there is room for them."""


def dummy_batch(spec: DataSpec, batch_size: int, seed: int = 0) -> Batch:
    """A batch for instance segmentation, see `base/batch.py`: the same for the same arguments.

    The sides of the objects are a tenth to a half of the image's; the first image fills the input, the others are
    up to a quarter smaller.
    """
    rng = np.random.default_rng(seed)
    samples = [_image(spec, rng, OBJECTS[i % len(OBJECTS)], 1.0 if not i else 0.75) for i in range(batch_size)]
    batch = {key: np.stack([sample[key] for sample in samples]) for key in samples[0]}
    count = np.arange(1, batch_size + 1)
    return batch | {
        "image_id": count,
        "original_size": batch["image_size"].copy(),
        "scale_to_original": np.ones((batch_size, 2), np.float32),
        "valid": np.ones(batch_size, bool),
    }


def _image(spec: DataSpec, rng: np.random.Generator, objects: int, least: float) -> dict[str, np.ndarray]:
    height, width = (int(side * rng.uniform(least, 1.0)) for side in spec.image_size)
    room = spec.max_objects
    images = np.zeros((*spec.image_size, 3), np.uint8)
    images[:height, :width] = rng.integers(0, 128, (height, width, 3))
    boxes, classes = np.zeros((room, 4), np.float32), np.zeros(room, np.int32)
    masks = np.zeros((room, *spec.image_size), np.uint8)
    for index in range(min(objects, room)):
        high, wide = (max(2, int(side * rng.uniform(0.1, 0.5))) for side in (height, width))
        top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
        boxes[index] = left, top, left + wide, top + high
        classes[index] = 1 + int(rng.integers(spec.num_classes))
        masks[index, top : top + high, left : left + wide] = 1
        images[top : top + high, left : left + wide] = rng.integers(128, 256, 3)
    size = np.array([height, width], np.int32)
    named = {"images": images, "image_size": size, "gt_boxes": boxes, "gt_classes": classes, "gt_masks": masks}
    return {**named, "gt_crowd": np.zeros(room, bool)}
