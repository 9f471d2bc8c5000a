"""How many: objects, samples, proposals and detections of an image."""

import numpy as np

from base.batch import Size
from preparation.suggest.choice import Choice
from preparation.suggest.cost import is_large
from preparation.suggest.machine import Machine
from preparation.suggest.network import LARGE, SMALL
from preparation.suggest.stats import DataStats

_MASK_SHARE = 0.05
"""Part of the free memory that the masks of a batch may take."""
_MOST_OBJECTS = 500
COUNTED = 100
"""Detections of an image that COCO's AP counts."""
_MANY_CLASSES = 20


def choose_max_objects(stats: DataStats, machine: Machine, size: Size, batch_size: int) -> Choice:
    """Every object, or as many as the memory has space for."""
    counts = stats.counts + stats.crowds
    most = int(counts.max(initial=1))
    capacity = max(1, min(most, _objects_in_memory(machine, size, batch_size), _MOST_OBJECTS))
    if capacity >= most:
        reason = f"The fullest image has {most} objects, a mean one {counts.mean():.1f}: all are learned."
    else:
        left = int(np.maximum(counts - capacity, 0).sum())
        full = int((counts > capacity).sum())
        reason = (
            f"Masks of {capacity} objects are what the memory has space for; {full} images have more, up to {most}: "
            f"{left:,} of {counts.sum():,} objects are left out, the smallest ones."
        )
    return Choice("data.max_objects", capacity, reason)


def _objects_in_memory(machine: Machine, size: Size, batch_size: int) -> int:
    """Masks of a batch are (B, G, H, W) uint8."""
    memory = 8e9 if machine.memory is None else machine.memory
    return int(_MASK_SHARE * memory / (batch_size * size[0] * size[1]))


def choose_samples(stats: DataStats, machine: Machine) -> list[Choice]:
    """Samples and proposals of an image in training."""
    many = float(np.percentile(stats.counts, 90)) if len(stats.counts) else 1.0
    large = is_large(machine)
    anchors = _power(16 * many, 64, 256)
    boxes = _power(8 * many, 64, 512 if large else 128)
    masks = _power(2 * many, 8, 64 if large else 32)
    proposals = _power(32 * many, 256, 1000)
    text = f"Nine images in ten have {many:.0f} objects or fewer"
    return [
        Choice("model.rpn.samples", anchors, f"{text}: {anchors} anchors hold several positives of each."),
        Choice(
            "model.rpn.pre_nms_top_n_train", 2 * proposals, f"{text}: {proposals} proposals leave several for each."
        ),
        Choice("model.rpn.post_nms_top_n_train", proposals),
        Choice("model.rpn.pre_nms_top_n_eval", proposals),
        Choice("model.rpn.post_nms_top_n_eval", _proposals_in_evaluation(stats)),
        Choice("model.box_head.samples", boxes, f"{text}: {boxes} samples, up to half of them positive."),
        Choice("model.box_head.positive_fraction", 0.5),
        Choice("model.box_head.hidden", (LARGE if large else SMALL).hidden, f"As wide as {machine} train."),
        Choice("model.mask_head.samples", masks, f"{masks} masks an image: two for each object, within bounds."),
        Choice(
            "model.loss_weights.mask",
            2.0,
            "Part of the recipe that reached a mask AP of 0.72 on coco128 (docs/results).",
        ),
        *_mask_widths((LARGE if large else SMALL).channels),
    ]


def _mask_widths(channels: int) -> list[Choice]:
    return [
        Choice("model.mask_head.channels", [channels] * 4),
        Choice("model.mask_head.upsample_channels", channels),
    ]


def _proposals_in_evaluation(stats: DataStats) -> int:
    """Several for each object of the fullest image."""
    return _power(4 * int(stats.counts.max(initial=1)), 256, 1000)


def choose_detections(stats: DataStats, max_objects: int) -> list[Choice]:
    """How many detections an image may have, and how many boxes compete for them."""
    most = max(max_objects, min(int(stats.counts.max(initial=1)), _MOST_OBJECTS))
    limit = int(np.clip(_tens(3 * most), 10, max(COUNTED, _tens(1.5 * most))))
    reason = f"Up to {most} objects of an image, and some false ones that AP does not mind; each costs a mask."
    classes = len(stats.names)
    choices = [
        Choice("model.detect.max_detections", limit, reason),
        Choice("model.detect.pre_nms_top_n", max(100, limit, min(1000, 10 * limit))),
    ]
    if classes >= _MANY_CLASSES:
        text = f"{classes} classes share the probability: the right one of a small object is often below 0.05."
        choices.append(Choice("model.detect.score_threshold", 0.02, text))
    if limit > COUNTED:
        text = f"COCO's AP counts {COUNTED} detections of an image; here up to {most} objects are looked for."
        choices.append(Choice("evaluator.max_detections", [1, 10, limit], text))
    return choices


def _tens(number: float) -> int:
    """The next multiple of ten."""
    return 10 * int(np.ceil(number / 10))


def _power(number: float, least: int, most: int) -> int:
    """The power of two nearest to `number`, within bounds."""
    return int(np.clip(2 ** round(np.log2(max(number, 1))), least, most))
