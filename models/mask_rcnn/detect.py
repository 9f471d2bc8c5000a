"""From the box head's outputs to detections, with fixed shapes.

Alphabet: `B` images, `P` proposals, `K` classes without background, `D` detections. Boxes xyxy in pixels.
"""

from typing import Any

from keras import ops

from models.mask_rcnn.config import DetectConfig
from models.ops.box_coder import BoxCoder
from models.ops.boxes import clip, has_size
from models.ops.nms import best_of_classes


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
    boxes = coder.decode(deltas[:, :, 1:], proposals[:, :, None])
    boxes = clip(boxes, image_size[:, 0], image_size[:, 1])
    usable = ops.logical_and(valid[..., None], has_size(boxes, config.min_size))
    scores = ops.where(ops.logical_and(usable, probability > config.score_threshold), probability, 0.0)
    boxes, scores, classes = best_of_classes(boxes, scores, config.nms_iou, config.max_detections, config.pre_nms_top_n)
    return {"boxes": boxes, "scores": scores, "classes": classes}
