"""Whether the anchors of a config reach the objects of the data. `A` anchors, `N` objects."""

import logging
from collections.abc import Sequence

import numpy as np

from base.batch import Batch
from models.mask_rcnn.config import RPNConfig

log = logging.getLogger("maskeras")


def warn_of_unreached(batch: Batch, anchors: Sequence[np.ndarray], config: RPNConfig) -> None:
    """Warns where the anchors overlap fewer than half of a batch's objects by `negative_iou`.

    Such an object is a negative for all anchors but its best one, so the RPN hardly learns from it.

    Args:
        batch: NumPy arrays, with `gt_boxes`, `gt_classes`, `gt_crowd`.
        anchors: (A_level, 4) of each level.
        config: the section `model.rpn`.
    """
    boxes = batch["gt_boxes"][(batch["gt_classes"] > 0) & ~batch["gt_crowd"]]
    if not len(boxes):
        return
    best = np.array([_best_iou(box, np.concatenate(anchors)) for box in boxes])
    reached = int((best >= config.negative_iou).sum())
    if 2 * reached >= len(boxes):
        return
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1))
    sizes = [size for level in config.anchor_sizes for size in level]
    log.warning(
        "model.rpn.anchor_sizes: the anchors reach %d of %d objects of the first batch (IoU of %g or more). The "
        "objects measure %.0f to %.0f pixels (root of the area) at data.image_size, the anchors %g to %g: "
        "choose sizes like those of the objects.",
        *(reached, len(boxes), config.negative_iou, sides.min(), sides.max(), min(sizes), max(sizes)),
    )


def _best_iou(box: np.ndarray, anchors: np.ndarray) -> float:
    sides = np.minimum(box[2:], anchors[:, 2:]) - np.maximum(box[:2], anchors[:, :2])
    shared = np.clip(sides, 0, None).prod(axis=1)
    areas = (anchors[:, 2:] - anchors[:, :2]).prod(axis=1)
    return float((shared / (areas + (box[2:] - box[:2]).prod() - shared)).max())
