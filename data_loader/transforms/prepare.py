"""A raw sample → the fixed-shape arrays of the batch contract. `n` objects in, capacity `G`."""

from dataclasses import dataclass

import numpy as np

from base.batch import Sample, Size
from base.letterbox import fit, letterbox, pad, resize
from data_loader.config import AugmentConfig, InstanceDataConfig
from data_loader.transforms.augment import augmented
from data_loader.transforms.composition import Composition
from data_loader.transforms.objects import PlacedObject, placed_objects
from data_loader.transforms.placement import placement_of


@dataclass(frozen=True)
class CroppedMasks:
    """The masks of an image's objects at full resolution, each cropped to its box: `gt_masks` until it is batched.

    100 objects of COCO in an input of 800×1344 pixels are 107 MB as an array and a few MB as crops. `np.asarray` gives
    the array.

    Attributes:
        shape: (G, H, W) of the array.
        crops: (top, left, mask) of at most G objects; masks uint8.
    """

    shape: tuple[int, int, int]
    crops: tuple[tuple[int, int, np.ndarray], ...]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        masks = np.zeros(self.shape, np.uint8)
        for mask, (top, left, crop) in zip(masks, self.crops, strict=False):
            mask[top : top + crop.shape[0], left : left + crop.shape[1]] = crop
        return masks


def prepare_instances(sample: Sample, config: InstanceDataConfig, rng: np.random.Generator | None) -> Sample:
    """The task's `prepare` for instance segmentation: see `base.task.Task.prepare`.

    Samples of an evaluation have no targets: the evaluator measures against `BaseData.ground_truth`.
    """
    height, width = config.image_size
    if rng is None:
        return evaluation_sample(sample, (height, width))
    return train_sample(sample, (height, width), config.augment, config.max_objects, rng)


def evaluation_sample(sample: Sample, input_size: Size) -> Sample:
    """The image alone, resized to fit: all that an evaluation gives a network, whatever the kind of segmentation.

    Args:
        sample: with `image` (h, w, 3) uint8 RGB and `image_id`.
        input_size: (H, W).
    """
    images, geometry = letterbox(sample["image"], input_size)
    return {"images": images, **geometry.arrays(), "image_id": np.int64(sample["image_id"])}


def train_sample(
    sample: Sample, input_size: Size, augment: AugmentConfig | None, max_objects: int, rng: np.random.Generator
) -> Sample:
    """Image, masks and boxes through one random warp, then random colors and blur; other images may be mixed in.

    Args:
        sample: a raw sample, see `data_loader.records.read_sample`; mosaic and copy-paste take further ones from its
            `source`, a sequence of raw samples, and are left out where it is empty.
        input_size: (H, W).
        augment: probabilities and ranges; None: the image is resized to fit.
        max_objects: G; the largest objects are kept, crowds last.
        rng: the only source of randomness.

    Returns:
        The keys of a training batch (`base.batch`) without the axis B, all but `valid`; `gt_masks` are `CroppedMasks`.
    """
    if augment is None:
        placement = placement_of(fit(sample["image"].shape[:2], input_size))
        objects = placed_objects(sample, placement, 0.0)
        made = Composition(resize(sample["image"], placement.size), objects, placement.scale)
    else:
        made = augmented(sample, input_size, augment, rng)
    objects = _first(made.objects, max_objects)
    return {
        **image_arrays(sample, made, input_size),
        "gt_boxes": _padded([item.box for item in objects], max_objects, (4,), np.float32),
        "gt_classes": _padded([item.category for item in objects], max_objects, (), np.int32),
        "gt_masks": CroppedMasks((max_objects, *input_size), tuple(item.crop for item in objects)),
        "gt_crowd": _padded([item.crowd for item in objects], max_objects, (), bool),
    }


def image_arrays(sample: Sample, made: Composition, input_size: Size) -> Sample:
    """The keys of a training batch that are about the image, whatever its targets are.

    `scale_to_original` is that of the scaling alone: a crop or rotation is not undone. Of a mosaic, ids and sizes are
    those of `sample`.
    """
    return {
        "images": pad(made.image, input_size),
        "image_size": np.array(made.image.shape[:2], np.int32),
        "image_id": np.int64(sample["image_id"]),
        "original_size": np.array(sample["image"].shape[:2], np.int32),
        "scale_to_original": (1 / made.scale).astype(np.float32),
    }


def _first(objects: list[PlacedObject], count: int) -> list[PlacedObject]:
    """The `count` objects that go first, objects before crowds and large before small, in their order."""
    kept = sorted(range(len(objects)), key=lambda place: (objects[place].crowd, -objects[place].area))[:count]
    return [objects[place] for place in sorted(kept)]


def _padded(values: list, capacity: int, shape: tuple[int, ...], dtype: type) -> np.ndarray:
    padded = np.zeros((capacity, *shape), dtype)
    if values:
        padded[: len(values)] = values
    return padded
