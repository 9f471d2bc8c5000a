"""Weights for torchvision's `maskrcnn_resnet50_fpn` from a formula: the reference outputs need no weight file.

Every entry has its own generator, seeded by its name, so the same numbers come out wherever they are made.
"""

import zlib

import numpy as np

from tests.models.weights.torchvision_states import CLASSES, mask_rcnn_shapes

GAINS = (("cls_logits", 0.3), ("bbox_pred", 0.1), ("cls_score", 1.0), ("mask_fcn_logits", 0.5))
"""Of the last layers; the first that fits."""


def formula_state(classes=CLASSES):
    """Name in torchvision's state dict → array in PyTorch's layout; `classes` with the background."""
    # The counters of the batch norms have no dimension and no part in any output.
    return {name: _value(name, shape) for name, shape in mask_rcnn_shapes(classes).items() if shape}


def _value(name, shape):
    random = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    leaf = name.rsplit(".", 1)[1]
    norm = ".bn" in name or "downsample.1." in name
    if leaf == "running_var":
        value = 0.75 + 0.5 * random.random(shape)
    elif leaf == "running_mean":
        value = 0.1 * random.standard_normal(shape)
    elif norm and leaf == "weight":
        value = (0.2 if ".bn3." in name else 0.8) + 0.2 * random.random(shape)
    elif leaf == "bias":
        value = 0.05 * random.standard_normal(shape)
    else:
        gain = next((gain for part, gain in GAINS if part in name), 1.0)
        value = gain * np.sqrt(2 / np.prod(shape[1:])) * random.standard_normal(shape)
    return value.astype(np.float32)
