"""A raw sample with labels → the fixed-shape arrays of the batch contract."""

import numpy as np

from base.batch import IGNORE, Sample
from base.letterbox import letterbox, pad, resize_labels
from data_loader.config import InstanceDataConfig
from data_loader.transforms.placement import happens
from data_loader.transforms.prepare import evaluation_sample


def prepare_labels(sample: Sample, config: InstanceDataConfig, rng: np.random.Generator | None) -> Sample:
    """The task's `prepare` for semantic segmentation: see `base.task.Task.prepare`.

    Samples of an evaluation have no targets: the evaluator measures against `BaseData.ground_truth`.

    Args:
        sample: `image` (h, w, 3) uint8 RGB, `labels` (h, w) uint8, 0…K or 255, and `image_id`.
        config: the section `data`.
        rng: the only source of randomness; None for an evaluation.

    Returns:
        The keys of a batch without the axis B, all but `valid`; `labels` (H, W) int32, 255 beyond the image.
    """
    height, width = config.image_size
    if rng is None:
        return evaluation_sample(sample, (height, width))
    image, labels = sample["image"], sample["labels"]
    if config.augment is not None and happens(config.augment.flip, rng):
        image, labels = (np.ascontiguousarray(pixels[:, ::-1]) for pixels in (image, labels))
    images, geometry = letterbox(image, (height, width))
    placed = pad(resize_labels(labels, geometry.size), (height, width), IGNORE)
    return {
        "images": images,
        "labels": placed.astype(np.int32),
        "image_id": np.int64(sample["image_id"]),
        **geometry.arrays(),
    }
