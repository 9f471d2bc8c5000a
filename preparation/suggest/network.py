"""The network that this machine can train: backbone, pyramid, anchors, widths."""

from dataclasses import dataclass

import numpy as np

from base.letterbox import Size
from models.layers.config import FPNConfig
from models.mask_rcnn.config import RPNConfig
from preparation.suggest.anchors import Anchors, fit_anchors, recall
from preparation.suggest.choice import Choice
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats, sides

MANY_CORES = 16
"""From so many on ResNet-50 trains without a GPU: an image of 512×512 takes two cores about 2 s."""
FEW_IMAGES = 1000
"""Below so many the first stages stay as ImageNet left them."""
FINE_SIDE = 32.0
"""Four cells of P3: where a tenth of the objects is smaller, P2 is needed."""
COARSE_SIDE = 192.0
"""Three cells of P6: where a twentieth of the objects is larger, P6 is of use."""
RECALL_WANTED = 0.5
"""Part of the objects that should have an anchor of IoU 0.7, the RPN's usual positive."""


@dataclass(frozen=True)
class Width:
    """Channels of the pyramid and of the mask head, and the width of the box head."""

    channels: int
    hidden: int


SMALL, LARGE = Width(96, 512), Width(256, 1024)


def is_large(machine: Machine) -> bool:
    """Whether the machine trains ResNet-50 with heads of the usual width."""
    return bool(machine.gpus) or machine.cores >= MANY_CORES


def choose_backbone(stats: DataStats, machine: Machine, batch_size: int) -> list[Choice]:
    """ResNet-50 where it can be trained, else MobileNetV2."""
    images = len(stats.sizes)
    name = "resnet50" if is_large(machine) else "mobilenet_v2"
    reason = (
        f"{machine} train ResNet-50."
        if is_large(machine)
        else f"{machine}: a training step of MobileNetV2 takes half of ResNet-50's (docs/BACKBONES.md)."
    )
    frozen = 2 if images < FEW_IMAGES else 0
    few = (
        f"With {images:,} training images the stem and the first stage keep ImageNet's weights."
        if frozen
        else f"{images:,} training images are enough to train every stage."
    )
    norm = "frozen" if batch_size < 4 or is_large(machine) else "trainable"
    return [
        Choice("model.backbone.name", name, reason),
        Choice("model.backbone.weights", "imagenet", "From random weights a run needs many times as many steps."),
        Choice("model.backbone.frozen_stages", frozen, few),
        Choice("model.backbone.batch_norm", norm, _norm_reason(norm, machine, batch_size)),
    ]


def _norm_reason(norm: str, machine: Machine, batch_size: int) -> str:
    if norm == "trainable":
        return (
            f"Batches of {batch_size} images are enough for statistics; that gained AP on real images (docs/results)."
        )
    if is_large(machine):
        return "ResNet-50 in detectors is trained with ImageNet's statistics, as in torchvision."
    return f"Statistics of batches of {batch_size} images would be noise."


def choose_levels(boxes: np.ndarray, machine: Machine) -> tuple[FPNConfig, list[Choice]]:
    """P2 where there are small objects or the machine is large, P6 where there are large ones."""
    found = sides(boxes)
    small, large = np.percentile(found, [10, 95]) if len(found) else (FINE_SIDE, COARSE_SIDE)
    fine = bool(small < FINE_SIDE) or is_large(machine)
    coarse = bool(large >= COARSE_SIDE) or is_large(machine)
    width = LARGE if is_large(machine) else SMALL
    fpn = FPNConfig(channels=width.channels, min_level=2 if fine else 3, extra_level=coarse)
    finest = f"One object in ten is smaller than {small:.0f} px: "
    finest += "cells of 4 px are needed." if small < FINE_SIDE else "cells of 8 px are fine enough."
    if fine and small >= FINE_SIDE:
        finest = "The usual pyramid from P2 on: this machine can pay for it."
    kept = "anchors on P6 suit them." if coarse else "P6, with cells of 64 px, has nothing to find."
    return fpn, [
        Choice("model.fpn.channels", fpn.channels, f"As wide as {machine} train in reasonable time."),
        Choice("model.fpn.min_level", fpn.min_level, finest),
        Choice("model.fpn.extra_level", fpn.extra_level, f"One object in twenty exceeds {large:.0f} px: {kept}"),
    ]


def choose_anchors(boxes: np.ndarray, fpn: FPNConfig, size: Size) -> list[Choice]:
    """Sizes and aspect ratios fitted to the boxes, with the recall that they reach."""
    strides = [2**level for level in fpn.levels]
    if not len(boxes):
        return [Choice("model.rpn.anchor_sizes", [[8 * stride] for stride in strides], "There is no object to fit.")]
    anchors = fit_anchors(boxes, strides, size)
    half, strict = recall(boxes, anchors, strides, size)
    before = _recall_of_defaults(boxes, size)
    low, middle, high = np.percentile(sides(boxes), [5, 50, 95])
    reason = (
        f"Objects measure {low:.0f} to {high:.0f} px in the input, {middle:.0f} in the middle. {half:.1%} have an "
        f"anchor of IoU 0.5 or more, {strict:.1%} one of 0.7 or more; with the default anchors {before[0]:.1%} and "
        f"{before[1]:.1%} would."
    )
    return [
        Choice("model.rpn.anchor_sizes", [[_plain(side) for side in level] for level in anchors.sizes], reason),
        Choice("model.rpn.aspect_ratios", list(anchors.aspect_ratios), _shape_reason(boxes)),
        *_positive_iou(strict),
    ]


def _shape_reason(boxes: np.ndarray) -> str:
    shape = (boxes[:, 3] - boxes[:, 1]) / (boxes[:, 2] - boxes[:, 0])
    low, middle, high = np.percentile(shape, [5, 50, 95])
    return f"Height / width of nine objects in ten is between {low:.2f} and {high:.2f}, {middle:.2f} in the middle."


def _recall_of_defaults(boxes: np.ndarray, size: Size) -> tuple[float, float]:
    rpn, levels = RPNConfig(), FPNConfig().levels
    return recall(boxes, Anchors(rpn.anchor_sizes, rpn.aspect_ratios), [2**level for level in levels], size)


def _positive_iou(strict: float) -> list[Choice]:
    if strict >= RECALL_WANTED:
        return []
    reason = f"Only {strict:.1%} of the objects have an anchor of IoU 0.7; at 0.6 more than their best one is positive."
    return [Choice("model.rpn.positive_iou", 0.6, reason)]


def choose_pooling(boxes: np.ndarray, fpn: FPNConfig) -> list[Choice]:
    """Which level a box is pooled from: its mask of 28×28 needs about 14 cells (FPN, equation 1)."""
    if not len(boxes):
        return []
    canonical = 224
    level = np.clip(np.floor(4 + np.log2(sides(boxes) / canonical)), fpn.min_level, fpn.max_level)
    shares = [(number, float((level == number).mean())) for number in range(fpn.min_level, fpn.max_level + 1)]
    pooled = ", ".join(f"{share:.0%} from P{number}" for number, share in shares if share >= 0.005)
    reason = f"A box of 14 to 28 cells of its level, as many as the mask has: {pooled}."
    return [Choice("model.roi.canonical_size", canonical, reason)]


def _plain(number: float) -> int | float:
    """Whole numbers without a point."""
    return int(number) if number == int(number) else number
