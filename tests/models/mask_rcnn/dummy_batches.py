"""A tiny Mask R-CNN and images to try it on."""

import cv2
import numpy as np

from base.batch import DataSpec
from models.backbones.config import BackboneConfig
from models.layers.config import FPNConfig
from models.mask_rcnn.config import (
    BoxHeadConfig,
    DetectConfig,
    MaskHeadConfig,
    MaskRCNNConfig,
    RPNConfig,
)

SIZE = 64
OBJECTS = 4


def tiny_spec(size=SIZE):
    return DataSpec("instance", ("rectangle", "ellipse"), (size, size), {"max_objects": OBJECTS})


def tiny_config(**changes):
    """Every number small; `changes` replace sections."""
    sections = {
        "backbone": BackboneConfig(weights=None, alpha=0.35, batch_norm="trainable"),
        "fpn": FPNConfig(channels=16),
        "rpn": RPNConfig(
            anchor_sizes=((8.0,), (16.0,), (24.0,), (32.0,), (48.0,)),
            samples=64,
            pre_nms_top_n_train=60,
            post_nms_top_n_train=40,
            pre_nms_top_n_eval=60,
            post_nms_top_n_eval=30,
        ),
        "box_head": BoxHeadConfig(samples=16, positive_fraction=0.5, hidden=32),
        "mask_head": MaskHeadConfig(channels=(16,), upsample_channels=16),
        "detect": DetectConfig(score_threshold=0.01, max_detections=8, pre_nms_top_n=60),
    }
    return MaskRCNNConfig(**{**sections, **changes})


def image(objects, size=SIZE, seed=0):
    """A noisy image with (class, box) objects: 1 is a bright rectangle, 2 a bright ellipse; a sample without ids."""
    image = np.random.default_rng(seed).integers(0, 60, (size, size, 3), np.uint8)
    masks = np.zeros((OBJECTS, size, size), np.uint8)
    boxes, classes = np.zeros((OBJECTS, 4), np.float32), np.zeros(OBJECTS, np.int32)
    for index, (kind, (x1, y1, x2, y2)) in enumerate(objects):
        if kind == 1:
            masks[index, y1:y2, x1:x2] = 1
        else:
            center, axes = ((x1 + x2 - 1) // 2, (y1 + y2 - 1) // 2), ((x2 - x1 - 1) // 2, (y2 - y1 - 1) // 2)
            cv2.ellipse(masks[index], center, axes, 0, 0, 360, 1, -1)
        rows, columns = np.nonzero(masks[index])
        boxes[index] = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        classes[index] = kind
        image[masks[index] == 1] = (250, 200, 40) if kind == 1 else (60, 160, 250)
    crowd = np.zeros(OBJECTS, bool)
    whole = np.array((size, size), np.int32)
    names = ("images", "image_size", "gt_boxes", "gt_classes", "gt_masks", "gt_crowd")
    return dict(zip(names, (image, whole, boxes, classes, masks, crowd), strict=True))


def batch_of(*samples):
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}


TWO = ((1, (6, 8, 30, 28)), (2, (30, 34, 58, 60)))
"""A rectangle and an ellipse for images of 64 pixels."""


def two_images():
    """One with two objects, one with a single one."""
    return batch_of(image(TWO), image(((1, (20, 10, 50, 40)),), seed=1))


def padded(values, amount, fill=0):
    """More padded ground truths: (B, G, …) → (B, G + amount, …)."""
    widths = [(0, 0), (0, amount)] + [(0, 0)] * (values.ndim - 2)
    return np.pad(values, widths, constant_values=fill)
