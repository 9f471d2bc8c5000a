"""What the losses compare with: labels of anchors, sampled proposals and their targets.

Alphabet: `B` images, `A` anchors, `G` padded ground truths, `P` proposals, `N` sampled of them, `M` positives among the
samples at most. Boxes xyxy in pixels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, RPNConfig
from models.ops.box_coder import BoxCoder
from models.ops.boxes import iou
from models.ops.gather import take
from models.ops.matching import ignored_by_crowd, match
from models.ops.sampling import sample
from models.ops.trim import longest


@dataclass(frozen=True)
class GroundTruth:
    """The objects of a batch.

    Attributes:
        boxes: (B, G, 4). classes: int (B, G), 0 where padded. valid: bool (B, G), an object and no crowd.
        crowd: bool (B, G). masks: (B, G, H, W).
    """

    boxes: Any
    classes: Any
    valid: Any
    crowd: Any
    masks: Any

    @classmethod
    def of(cls, batch: dict[str, Any]) -> "GroundTruth":
        """Reads the keys of the batch contract."""
        real = batch["gt_classes"] > 0
        crowd = ops.logical_and(real, batch["gt_crowd"])
        valid = ops.logical_and(real, ops.logical_not(batch["gt_crowd"]))
        return cls(batch["gt_boxes"], batch["gt_classes"], valid, crowd, batch["gt_masks"])

    def without_padding(self) -> "GroundTruth":
        """As many entries as the fullest image has, where the backend can: see `longest`."""
        number = longest(self.classes > 0)
        boxes, classes, masks = (values[:, :number] for values in (self.boxes, self.classes, self.masks))
        return GroundTruth(boxes, classes, self.valid[:, :number], self.crowd[:, :number], masks)


@dataclass(frozen=True)
class AnchorTargets:
    """`index` int (B, N) of the sampled anchors; `positive`, `valid` bool (B, N); `deltas` (B, N, 4)."""

    index: Any
    positive: Any
    valid: Any
    deltas: Any


@dataclass(frozen=True)
class RoITargets:
    """`boxes` (B, N, 4), positives first; `positive`, `valid` bool (B, N); `matched` int (B, N), index of the ground
    ground_truth; `classes` int (B, N), 0 background; `deltas` (B, N, 4)."""

    boxes: Any
    positive: Any
    valid: Any
    matched: Any
    classes: Any
    deltas: Any


def anchor_targets(
    anchors: np.ndarray, ground_truth: GroundTruth, noise: Any, config: RPNConfig, crowd_ioa: float
) -> AnchorTargets:
    """Labels all anchors and samples some (Ren et al. 2015, section 3.1.2 and 3.1.3).

    Args:
        anchors: (A, 4), those of all levels.
        ground_truth: the objects.
        noise: (B, A) uniform in [0, 1): decides the samples.
        config: thresholds and numbers.
        crowd_ioa: see `MaskRCNNConfig`.
    """
    boxes = ops.convert_to_tensor(anchors)[None]
    ground_truth = ground_truth.without_padding()  # each entry is compared with every anchor
    high, low = config.positive_iou, config.negative_iou
    matched, label = match(iou(ground_truth.boxes, boxes), ground_truth.valid, high, low, config.low_quality_matches)
    label = _without_crowd(
        label, ops.broadcast_to(boxes, (ops.shape(label)[0], *boxes.shape[1:])), ground_truth, crowd_ioa
    )
    index, positive, valid = sample(label, noise, config.samples, config.positive_fraction)
    own = take(ground_truth.boxes, take(matched, index))
    deltas = BoxCoder(config.delta_weights, config.max_scale).encode(own, ops.take(boxes[0], index, axis=0))
    return AnchorTargets(index, positive, valid, _where(positive, deltas))


def roi_targets(
    proposals: Any, valid: Any, ground_truth: GroundTruth, noise: Any, config: BoxHeadConfig, crowd_ioa: float
) -> RoITargets:
    """Samples proposals, the objects' own boxes among them (Fast R-CNN, section 2.3).

    Args:
        proposals: (B, P, 4). valid: bool (B, P).
        ground_truth: the objects.
        noise: (B, P + G) uniform in [0, 1).
        config: threshold and numbers.
        crowd_ioa: see `MaskRCNNConfig`.
    """
    boxes = ops.concatenate([proposals, ground_truth.boxes], axis=1)
    usable = ops.concatenate([valid, ground_truth.valid], axis=1)
    threshold = config.positive_iou
    # Low-quality matches would add nothing: each object's best candidate is its own box.
    matched, label = match(iou(ground_truth.boxes, boxes), ground_truth.valid, threshold, threshold, False)
    label = ops.where(usable, _without_crowd(label, boxes, ground_truth, crowd_ioa), -1)
    index, positive, sampled = sample(label, noise, config.samples, config.positive_fraction)
    boxes, matched = take(boxes, index), take(matched, index)
    deltas = BoxCoder(config.delta_weights, config.max_scale).encode(take(ground_truth.boxes, matched), boxes)
    classes = ops.where(positive, take(ground_truth.classes, matched), 0)
    return RoITargets(boxes, positive, sampled, matched, classes, _where(positive, deltas))


def _without_crowd(label: Any, boxes: Any, ground_truth: GroundTruth, threshold: float) -> Any:
    ignored = ignored_by_crowd(boxes, ground_truth.boxes, ground_truth.crowd, threshold)
    return ops.where(ops.logical_and(ignored, label == 0), -1, label)


def _where(positive: Any, deltas: Any) -> Any:
    return ops.stop_gradient(ops.where(positive[..., None], deltas, 0.0))
