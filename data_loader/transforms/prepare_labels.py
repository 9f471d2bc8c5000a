"""A raw sample with labels → the fixed-shape arrays of the batch contract (`base.batch`)."""

import numpy as np

from base.batch import IGNORE, Sample, Size
from base.config import DataConfig
from base.letterbox import pad, resize_labels
from data_loader.config import AugmentConfig
from data_loader.transforms.augment import augmented
from data_loader.transforms.prepare import evaluation_sample, image_arrays


def prepare_labels(sample: Sample, config: DataConfig, rng: np.random.Generator | None) -> Sample:
    """The `prepare` of a task whose targets are labels: see `base.task.Task.prepare`.

    Args:
        sample: `image` (h, w, 3) uint8 RGB, `labels` (h, w) uint8, `image_id`: see `data_loader.labels.read_labels`;
            for a mosaic also `source`, a sequence of such samples.
        config: the section `data`, of which `image_size` and `augment` count; without `augment` nothing is random.
        rng: the only source of randomness; None for an evaluation.

    Returns:
        The keys of a batch without the axis B, all but `valid`. `labels` (H, W) int32 are 255 in the padding. Those of
        an evaluation are the nearest pixels' in the letterbox; the evaluator measures in the size of the files, against
        a `base.labels.LabelTruth`.
    """
    height, width = config.image_size
    augment: AugmentConfig | None = getattr(config, "augment", None)
    if rng is None or augment is None:
        return fitted_labels(sample, (height, width))
    return train_labels(sample, (height, width), augment, rng)


def fitted_labels(sample: Sample, input_size: Size) -> Sample:
    """The image resized to fit, and its labels with it; nothing is random."""
    found = evaluation_sample(sample, input_size)
    height, width = found["image_size"].tolist()
    return found | {"labels": _padded(resize_labels(sample["labels"], (height, width)), input_size)}


def train_labels(sample: Sample, input_size: Size, augment: AugmentConfig, rng: np.random.Generator) -> Sample:
    """Image and labels through one random warp, then random colors and blur of the image.

    The scale jitter is about the size that fits: with `scale` 1 and `scale_range` (0.5, 2) a random crop of an image of
    0.5 to 2 times that size. The crop is in the top left corner where it is smaller than the input.
    """
    made = augmented(sample, input_size, augment, rng)
    if made.labels is None:
        raise ValueError("the sample has no labels: make it with data_loader.labels.read_labels (data.task = semantic)")
    return {**image_arrays(sample, made, input_size), "labels": _padded(made.labels, input_size)}


def _padded(labels: np.ndarray, input_size: Size) -> np.ndarray:
    return pad(labels, input_size, IGNORE).astype(np.int32)
