"""Mask R-CNN (He et al. 2017): the losses on top of the network."""

from typing import Any

import keras
from keras import ops

from models.backbones.model import BackboneModel
from models.losses.functional import binary_cross_entropy, smooth_l1, softmax_cross_entropy
from models.mask_rcnn.anchor_check import warn_of_unreached
from models.mask_rcnn.config import BoxHeadConfig, MaskRCNNConfig, RPNConfig
from models.mask_rcnn.heads import of_class
from models.mask_rcnn.network import MaskRCNNNetwork
from models.mask_rcnn.targets import AnchorTargets, GroundTruth, RoITargets
from models.ops.gather import take
from models.ops.kernels import portable_operations
from models.ops.masks import crop_masks
from utils.flops import Cost


class MaskRCNN(BackboneModel):
    """Finds objects: class, box, mask. The reference is torchvision's `maskrcnn_resnet50_fpn`."""

    config: MaskRCNNConfig
    config_class = MaskRCNNConfig

    def build_model(self) -> keras.Model:
        """The network, with random weights."""
        return MaskRCNNNetwork(self.config, self.spec)

    def check_batch(self, batch: dict[str, Any]) -> None:
        """Warns where the anchors do not reach the objects."""
        warn_of_unreached(batch, self.network.anchors, self.config.rpn)

    def cost(self) -> Cost:
        """That of an image with as many detections as there can be."""
        with portable_operations():  # TensorFlow's own kernels give shapes that are not known before they run
            return super().cost()

    def compute_losses(self, batch: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """The five terms of the paper (section 3), each times its weight in the config."""
        terms = {
            **rpn_losses(outputs["rpn_logits"], outputs["rpn_deltas"], outputs["rpn"], self.config.rpn),
            **box_losses(outputs["class_logits"], outputs["box_deltas"], outputs["rois"], self.config.box_head),
            "mask": mask_loss(outputs["mask_logits"], outputs["rois"], outputs["ground_truth"]),
        }
        weights = self.config.loss_weights
        return {name: getattr(weights, name) * value for name, value in terms.items()}


def rpn_losses(logits: Any, deltas: Any, targets: AnchorTargets, config: RPNConfig) -> dict[str, Any]:
    """Cross entropy and smooth L1 over the sampled anchors, both divided by their number (Faster R-CNN, equation 1).

    Args:
        logits: float32 (B, A), objectness. deltas: float32 (B, A, 4).
        targets: of N sampled anchors; those which are not valid count for nothing.
        config: has `smooth_l1_beta`.

    Returns:
        The scalars `rpn_objectness` and `rpn_box`; 0 where nothing was sampled.
    """
    number = ops.sum(ops.cast(targets.valid, "float32"))
    sampled = take(logits[..., None], targets.index)[..., 0]
    found = take(deltas, targets.index)
    objectness = binary_cross_entropy(sampled, targets.positive, targets.valid, number)
    box = smooth_l1(found, targets.deltas, targets.positive[..., None], config.smooth_l1_beta, number)
    return {"rpn_objectness": objectness, "rpn_box": box}


def box_losses(logits: Any, deltas: Any, targets: RoITargets, config: BoxHeadConfig) -> dict[str, Any]:
    """Cross entropy and smooth L1 over the sampled proposals, both divided by their number (Fast R-CNN, equation 1).

    Args:
        logits: float32 (B, N, K + 1), background first. deltas: float32 (B, N, K + 1, 4).
        targets: of the N sampled proposals; those which are not valid count for nothing.
        config: has `smooth_l1_beta`.

    Returns:
        The scalars `classifier` and `box`; 0 where nothing was sampled.
    """
    number = ops.sum(ops.cast(targets.valid, "float32"))
    own = of_class(ops.swapaxes(deltas, 2, 3), targets.classes)
    classifier = softmax_cross_entropy(logits, targets.classes, targets.valid, number)
    box = smooth_l1(own, targets.deltas, targets.positive[..., None], config.smooth_l1_beta, number)
    return {"classifier": classifier, "box": box}


def mask_loss(logits: Any, targets: RoITargets, ground_truth: GroundTruth) -> Any:
    """Mean binary cross entropy over the pixels of the positives' own class (Mask R-CNN, section 3).

    Args:
        logits: float32 (B, M, S, S, K), of the first M samples, where the positives stand; M may depend on the values.
        targets: of N ≥ M samples; those which are not positive count for nothing.
        ground_truth: masks (B, G, H, W) in pixels of the input; those with the value 255 are ignored.

    Returns:
        A scalar; 0 without a positive.
    """
    number, side = ops.shape(logits)[1], logits.shape[2]
    wanted, weight = crop_masks(ground_truth.masks, targets.matched[:, :number], targets.boxes[:, :number], side)
    own = of_class(logits, ops.maximum(targets.classes[:, :number] - 1, 0))
    weight = weight * ops.cast(targets.positive[:, :number, None, None], weight.dtype)
    return binary_cross_entropy(own, ops.stop_gradient(wanted), ops.stop_gradient(weight))
