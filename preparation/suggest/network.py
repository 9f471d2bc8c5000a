"""The network that this machine can train: backbone, pyramid, anchors, widths."""

from dataclasses import dataclass

import numpy as np

from base.batch import Size
from models.layers.config import FPNConfig
from models.mask_rcnn.config import RPNConfig
from preparation.suggest.anchors import Anchors, fit_anchors, recall
from preparation.suggest.choice import Choice
from preparation.suggest.cost import has_few_images, is_large
from preparation.suggest.machine import Machine
from preparation.suggest.stats import DataStats, sides

FINE_SIDE, FINE_HALF = 32.0, 112.0
"""Four and fourteen cells of P3. Where a tenth of the objects is smaller than the former, P2 has to find them; where
half are smaller than the latter, P2 has half the resolution of their masks, which is what FPN's equation 1 asks for."""
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


def choose_backbone(stats: DataStats, machine: Machine, batch_size: int) -> list[Choice]:
    """ResNet-50 where it can be trained, else MobileNetV2; with few images much of it stays as ImageNet left it."""
    images = f"{len(stats.sizes):,} training images"
    if is_large(machine):
        name, reason = "resnet50", f"{machine} train ResNet-50."
        frozen, kept = 2, "The stem and the first stage keep ImageNet's weights, as in torchvision."
    else:
        name = "mobilenet_v2"
        reason = f"{machine}: a training step of MobileNetV2 takes half of ResNet-50's (docs/BACKBONES.md)."
        few = has_few_images(stats)
        frozen = 2 if few else 0
        kept = f"{images} are few: the first stages keep ImageNet's weights." if few else f"{images} train every stage."
    norm = "frozen" if frozen or batch_size < 4 else "trainable"
    return [
        Choice("model.backbone.name", name, reason),
        Choice("model.backbone.weights", "imagenet", "From random weights a run needs many times as many steps."),
        Choice("model.backbone.frozen_stages", frozen, kept),
        Choice("model.backbone.batch_norm", norm, _norm_reason(norm, batch_size, images)),
    ]


def _norm_reason(norm: str, batch_size: int, images: str) -> str:
    if norm == "trainable":
        return f"{images} in batches of {batch_size} are enough for statistics; that gained AP on pets (docs/results)."
    return f"{images} in batches of {batch_size} keep ImageNet's statistics (docs/results)."


def choose_levels(boxes: np.ndarray, machine: Machine) -> tuple[FPNConfig, list[Choice]]:
    """P2 where there are small objects or the machine is large, P6 where there are large ones."""
    found = sides(boxes) if len(boxes) else np.array([COARSE_SIDE])
    small, half, large = np.percentile(found, [10, 50, 95])
    fine = bool(small < FINE_SIDE or half < FINE_HALF) or is_large(machine)
    coarse = bool(large >= COARSE_SIDE) or is_large(machine)
    width = LARGE if is_large(machine) else SMALL
    fpn = FPNConfig(channels=width.channels, min_level=2 if fine else 3, extra_level=coarse)
    finest = f"One object in ten is smaller than {small:.0f} px and half are smaller than {half:.0f} px: "
    finest += "that takes cells of 4 px." if small < FINE_SIDE or half < FINE_HALF else "cells of 8 px are fine enough."
    if is_large(machine):
        finest = f"The usual pyramid from P2 on, which {machine} can pay for."
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
    wanted = np.floor(4 + np.log2(sides(boxes) / canonical))
    level = np.clip(wanted, fpn.min_level, fpn.max_level)
    shares = [(number, float((level == number).mean())) for number in range(fpn.min_level, fpn.max_level + 1)]
    pooled = ", ".join(f"{share:.0%} from P{number}" for number, share in shares if share >= 0.005)
    within = float((level == wanted).mean())
    reason = f"{pooled}: {within:.0%} of the boxes have 14 to 28 cells of their level, for the 28 of a mask"
    others = {
        f"smaller than 14 cells of P{fpn.min_level}": float((wanted < level).mean()),
        f"larger than 28 cells of P{fpn.max_level}": float((wanted > level).mean()),
    }
    rest = [f"{share:.0%} are {words}" for words, share in others.items() if share >= 0.005]
    return [Choice("model.roi.canonical_size", canonical, ", ".join([reason, *rest]) + ".")]


def _plain(number: float) -> int | float:
    """Whole numbers without a point."""
    return int(number) if number == int(number) else number
