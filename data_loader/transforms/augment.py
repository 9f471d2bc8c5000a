"""The random changes to a training image in their order: warp or mosaic, copy-paste, color, blur, cut-out."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from base.batch import Sample, Size
from data_loader.config import AugmentConfig
from data_loader.transforms.color import blur, jitter_color
from data_loader.transforms.composition import Composition, another, warped
from data_loader.transforms.copy_paste import copy_paste
from data_loader.transforms.cutout import cut_out
from data_loader.transforms.mosaic import mosaic
from data_loader.transforms.placement import happens, random_placement


def augmented(sample: Sample, input_size: Size, config: AugmentConfig, rng: np.random.Generator) -> Composition:
    """Each image in the result goes through one warp; color and blur change the whole result.

    Args:
        sample: a raw sample, with `source` where `config` mixes images: see `prepare.train_sample`.
        input_size: (H, W).
        config: probabilities and ranges.
        rng: the only source of randomness.

    Raises:
        ValueError: images are to be mixed and the sample has no `source`.
    """
    others = _others(sample, config)
    if len(others) and happens(config.mosaic, rng):
        made = mosaic(sample, others, input_size, config, rng)
    else:
        placement = random_placement(sample["image"].shape[:2], input_size, config, rng)
        made = warped(sample, placement, config.min_kept_area)
    if len(others) and happens(config.copy_paste, rng):
        made = copy_paste(made, another(others, rng), input_size, config, rng)
    made = replace(made, image=_colored(made.image, config, rng))
    return cut_out(made, config, rng) if happens(config.cutout, rng) else made


def _others(sample: Sample, config: AugmentConfig) -> Sequence[Sample]:
    if not config.mixes:
        return ()
    if "source" not in sample:
        raise ValueError(
            "data.augment.copy_paste and data.augment.mosaic need other images, and the sample has no `source`: derive "
            "the data set from InstanceData, which adds it, or set both to 0."
        )
    return sample["source"]


def _colored(image: np.ndarray, config: AugmentConfig, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < config.color:
        image = jitter_color(image, config, rng)
    if rng.random() < config.blur:
        image = blur(image, config, rng)
    return image
