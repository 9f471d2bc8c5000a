"""Greedy non-maximum suppression by TensorFlow's kernel."""

from typing import Any

import tensorflow as tf


def best_after_nms(boxes: Any, scores: Any, iou_threshold: float, number: int) -> tuple[Any, Any, Any, Any]:
    """The best boxes over all groups after suppression within each; images and groups go to the cores in parallel.

    Args:
        boxes: float32 (B, N, Q, 4) of Q groups.
        scores: float32 (B, N, Q); only those above 0 count. (The kernel loses some below -1.)
        iou_threshold: a box goes if it overlaps a better one of its group by more than this.
        number: R.

    Returns:
        boxes (B, R, 4), scores (B, R) falling, groups int32 (B, R), real bool (B, R); 0 where not real.
    """
    found = tf.image.combined_non_max_suppression(
        boxes, scores, number, number, iou_threshold, score_threshold=0.0, clip_boxes=False
    )
    real = tf.range(number)[None] < found.valid_detections[:, None]
    return found.nmsed_boxes, found.nmsed_scores, tf.cast(found.nmsed_classes, tf.int32), real
