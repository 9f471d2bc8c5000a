"""Which ground truth a box answers for (Faster R-CNN, section 3.1.2).

Alphabet: `B` images, `G` padded ground truths, `N` anchors or proposals.
"""

from keras import ops

from models.ops.boxes import Tensor, intersection_over_area

POSITIVE, NEGATIVE, BETWEEN = 1, 0, -1


def match(iou: Tensor, gt_valid: Tensor, high: float, low: float, allow_low_quality: bool) -> tuple[Tensor, Tensor]:
    """Give each box the ground truth it overlaps most, and a label by how much that is.

    torchvision's `Matcher`: positive at `iou >= high`, negative at `iou < low`, else in between. With
    `allow_low_quality` each ground truth also makes those boxes positive that no other box surpasses in overlapping
    it, all of them where several are equal; they keep the ground truth *they* overlap most. Other than torchvision a
    ground truth which no box touches makes none positive (there: every box that touches nothing).

    Args:
        iou: (B, G, N).
        gt_valid: bool (B, G), False for padding. An image without any gives only negatives.
        high: the least overlap of a positive.
        low: the least overlap that is no longer negative.
        allow_low_quality: see above; for anchors.

    Returns:
        matched: int32 (B, N), index of a ground truth, also for the boxes which are not positive.
        label: int32 (B, N), 1 positive, 0 negative, -1 in between.
    """
    iou = ops.where(gt_valid[:, :, None], iou, -ops.ones_like(iou))
    best = ops.max(iou, axis=1)
    positive = best >= high
    if allow_low_quality:
        best_of_gt = ops.max(iou, axis=2, keepdims=True)
        unsurpassed = ops.logical_and(iou == best_of_gt, best_of_gt > 0)
        positive = ops.logical_or(positive, ops.any(unsurpassed, axis=1))
    label = ops.where(positive, POSITIVE, ops.where(best < low, NEGATIVE, BETWEEN))
    return ops.cast(ops.argmax(iou, axis=1), "int32"), ops.cast(label, "int32")


def ignored_by_crowd(boxes: Tensor, crowd_boxes: Tensor, crowd_valid: Tensor, threshold: float) -> Tensor:
    """Boxes that are in a crowd region by more than `threshold` of their own area: they are no negatives.

    Args:
        boxes: (B, N, 4).
        crowd_boxes: (B, G, 4).
        crowd_valid: bool (B, G), which of them are crowds.
        threshold: in [0, 1].

    Returns:
        bool (B, N).
    """
    inside = intersection_over_area(boxes, crowd_boxes) > threshold
    return ops.any(ops.logical_and(inside, crowd_valid[:, None, :]), axis=2)
