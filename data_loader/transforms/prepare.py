"""A raw sample → the fixed-shape arrays of the batch contract. `n` objects in, room for `G`."""

import numpy as np

from base.batch import Sample
from data_loader.config import AugmentConfig
from data_loader.transforms.color import blur, jitter_color
from data_loader.transforms.placement import Placement, Size, fit, random_placement
from data_loader.transforms.warp import resize_image, tight_box, warp_image, warp_mask


def augment_sample(sample: Sample, image_size: Size, config: AugmentConfig, rng: np.random.Generator) -> Sample:
    """Image, masks and boxes through one random warp, then random colors and blur; `rng` is all the chance there is.

    Args:
        sample: a raw sample, see `data_loader.records.read_sample`.
        image_size: (H, W) that the result fits into.
        config: probabilities and ranges.
        rng: gives the random numbers.

    Returns:
        A raw sample with the objects that are still there, with the keys `original_size` and `scale_to_original`
        besides (the latter of the scaling alone: there is no way back from a crop or a rotation).
    """
    placement = random_placement(sample["image"].shape[:2], image_size, config, rng)
    image = warp_image(sample["image"], placement)
    if rng.random() < config.color:
        image = jitter_color(image, config, rng)
    if rng.random() < config.blur:
        image = blur(image, config, rng)
    return _placed(sample, image, placement, config.min_kept_area)


def resize_sample(sample: Sample, image_size: Size) -> Sample:
    """Resizes to fit into `image_size`, nothing else; returns what `augment_sample` returns, the way back exact."""
    placement = fit(sample["image"].shape[:2], image_size)
    return _placed(sample, resize_image(sample["image"], placement.size), placement, min_kept_area=0.0)


def pad_sample(sample: Sample, image_size: Size, max_objects: int) -> Sample:
    """Pads the image at the bottom and right and the objects to G = `max_objects`: the largest first, crowds last.

    Returns:
        The keys of the batch contract (`base.batch`) without the axis B, all but `valid`.
    """
    image = sample["image"]
    kept = _first(sample["masks"], sample["crowd"], max_objects)
    count = len(kept)
    images = np.zeros((*image_size, 3), np.uint8)
    images[: image.shape[0], : image.shape[1]] = image
    boxes = np.zeros((max_objects, 4), np.float32)
    boxes[:count] = sample["boxes"][kept]
    classes = np.zeros(max_objects, np.int32)
    classes[:count] = sample["classes"][kept]
    masks = np.zeros((max_objects, *image_size), np.uint8)
    masks[:count, : image.shape[0], : image.shape[1]] = sample["masks"][kept]
    crowd = np.zeros(max_objects, bool)
    crowd[:count] = sample["crowd"][kept]
    return {
        "images": images,
        "image_size": np.array(image.shape[:2], np.int32),
        "gt_boxes": boxes,
        "gt_classes": classes,
        "gt_masks": masks,
        "gt_crowd": crowd,
        "image_id": np.int64(sample["image_id"]),
        "original_size": sample["original_size"],
        "scale_to_original": sample["scale_to_original"],
    }


def _placed(sample: Sample, image: np.ndarray, placement: Placement, min_kept_area: float) -> Sample:
    height, width = sample["image"].shape[:2]
    scales = np.hypot(placement.matrix[0, :2], placement.matrix[1, :2])  # of the axes x and y, rotated or not
    grown = scales[0] * scales[1]
    masks, kept = [], []
    for position, (mask, box) in enumerate(zip(sample["masks"], sample["boxes"], strict=True)):
        moved = warp_mask(mask, box, placement)
        needed = 0.0 if sample["crowd"][position] else min_kept_area * grown * np.count_nonzero(mask)
        if (moved == 1).any() and np.count_nonzero(moved) >= needed:
            masks.append(moved)
            kept.append(position)
    return {
        "image": image,
        "boxes": np.array([tight_box(mask) for mask in masks], np.float32).reshape(-1, 4),
        "classes": sample["classes"][kept],
        "masks": np.stack(masks) if masks else np.zeros((0, *placement.size), np.uint8),
        "crowd": sample["crowd"][kept],
        "image_id": sample["image_id"],
        "original_size": np.array([height, width], np.int32),
        "scale_to_original": (1 / scales).astype(np.float32),
    }


def _first(masks: np.ndarray, crowd: np.ndarray, count: int) -> np.ndarray:
    """Positions of the `count` masks that go first, objects before crowds and large before small, in their order."""
    if len(masks) <= count:
        return np.arange(len(masks))
    areas = np.count_nonzero(masks, axis=(1, 2))
    return np.sort(np.lexsort((-areas, crowd))[:count])
