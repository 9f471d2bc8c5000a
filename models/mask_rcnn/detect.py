"""From the box head's outputs to detections, with fixed shapes.

Alphabet: `B` images, `P` proposals, `K` classes without background, `D` detections. Boxes xyxy in pixels.
"""

from typing import Any

from keras import ops

from models.mask_rcnn.config import DetectConfig
from models.ops.box_coder import BoxCoder
from models.ops.boxes import clip, has_size
from models.ops.gather import take
from models.ops.nms import nms_sorted


def detect(
    logits: Any, deltas: Any, proposals: Any, valid: Any, image_size: Any, coder: BoxCoder, config: DetectConfig
) -> dict[str, Any]:
    """The best boxes over all classes after NMS within each class.

    Args:
        logits: (B, P, K + 1), background first. deltas: (B, P, K + 1, 4).
        proposals: (B, P, 4). valid: bool (B, P).
        image_size: int (B, 2), height and width that boxes are clipped to.
        coder: what the deltas were encoded with.
        config: thresholds and numbers.

    Returns:
        `boxes` (B, D, 4), `scores` (B, D) falling, `classes` int32 (B, D) with 0 for padding.
    """
    probability = ops.softmax(logits, axis=-1)[..., 1:]
    number, classes = probability.shape[1], probability.shape[2]
    usable = ops.logical_and(valid[..., None], probability > config.score)
    flat = ops.reshape(ops.where(usable, probability, -1.0), (-1, number * classes))
    scores, index = ops.top_k(flat, min(config.candidates, number * classes))
    chosen_deltas = take(ops.reshape(deltas[:, :, 1:], (-1, number * classes, 4)), index)
    boxes = coder.decode(chosen_deltas, take(proposals, index // classes))
    boxes = clip(boxes, image_size[:, 0], image_size[:, 1])
    labels = ops.cast(index % classes, "int32") + 1
    able = ops.logical_and(scores > 0, has_size(boxes, config.min_size))
    keep = nms_sorted(boxes, able, config.nms_iou, groups=labels)
    return _pad(boxes, scores, labels, keep, config.max_detections)


def _pad(boxes: Any, scores: Any, labels: Any, keep: Any, number: int) -> dict[str, Any]:
    best, index = ops.top_k(ops.where(keep, scores, -1.0), min(number, boxes.shape[1]))
    real = best > 0
    return {
        "boxes": ops.where(real[..., None], take(boxes, index), 0.0),
        "scores": ops.where(real, best, 0.0),
        "classes": ops.where(real, take(labels, index), 0),
    }
