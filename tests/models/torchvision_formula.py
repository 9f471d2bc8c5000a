"""Weights for torchvision's `maskrcnn_resnet50_fpn` from a formula: the reference outputs need no weight file.

Every entry has its own generator, seeded by its name, so the same numbers come out wherever they are made.
"""

import zlib

import numpy as np

STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Width and blocks of each stage of ResNet-50."""
PYRAMID, HIDDEN = 256, 1024
GAINS = (("cls_logits", 0.3), ("bbox_pred", 0.1), ("cls_score", 1.0), ("mask_fcn_logits", 0.5))
"""Of the last layers; the first that fits."""


def formula_state(classes=91):
    """Name in torchvision's state dict → array in PyTorch's layout; `classes` with the background."""
    return {name: _value(name, shape) for name, shape in {**_backbone(), **_heads(classes)}.items()}


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


def _norm(name, channels):
    return {f"{name}.{leaf}": (channels,) for leaf in ("weight", "bias", "running_mean", "running_var")}


def _layer(name, *shape, outputs=None):
    return {f"{name}.weight": shape, f"{name}.bias": (outputs or shape[0],)}


def _backbone():
    body = "backbone.body"
    shapes = {f"{body}.conv1.weight": (64, 3, 7, 7), **_norm(f"{body}.bn1", 64)}
    inputs = 64
    for stage, (width, depth) in enumerate(STAGES, 1):
        for block in range(depth):
            name = f"{body}.layer{stage}.{block}"
            sides = ((width, inputs, 1), (width, width, 3), (4 * width, width, 1))
            for i, (outputs, fed, side) in enumerate(sides, 1):
                shapes |= {f"{name}.conv{i}.weight": (outputs, fed, side, side), **_norm(f"{name}.bn{i}", outputs)}
            if not block:
                shapes[f"{name}.downsample.0.weight"] = (4 * width, inputs, 1, 1)
                shapes |= _norm(f"{name}.downsample.1", 4 * width)
            inputs = 4 * width
    return shapes


def _heads(classes):
    shapes = {}
    for level, (width, _) in enumerate(STAGES):
        shapes |= _layer(f"backbone.fpn.inner_blocks.{level}.0", PYRAMID, 4 * width, 1, 1)
        shapes |= _layer(f"backbone.fpn.layer_blocks.{level}.0", PYRAMID, PYRAMID, 3, 3)
    shapes |= _layer("rpn.head.conv.0.0", PYRAMID, PYRAMID, 3, 3)
    shapes |= _layer("rpn.head.cls_logits", 3, PYRAMID, 1, 1)
    shapes |= _layer("rpn.head.bbox_pred", 12, PYRAMID, 1, 1)
    shapes |= _layer("roi_heads.box_head.fc6", HIDDEN, 49 * PYRAMID)
    shapes |= _layer("roi_heads.box_head.fc7", HIDDEN, HIDDEN)
    shapes |= _layer("roi_heads.box_predictor.cls_score", classes, HIDDEN)
    shapes |= _layer("roi_heads.box_predictor.bbox_pred", 4 * classes, HIDDEN)
    for i in range(4):
        shapes |= _layer(f"roi_heads.mask_head.{i}.0", PYRAMID, PYRAMID, 3, 3)
    shapes |= _layer("roi_heads.mask_predictor.conv5_mask", PYRAMID, PYRAMID, 2, 2, outputs=PYRAMID)
    shapes |= _layer("roi_heads.mask_predictor.mask_fcn_logits", classes, PYRAMID, 1, 1)
    return shapes
