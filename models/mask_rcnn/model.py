"""Mask R-CNN (He et al. 2017): the losses on top of the network."""

from typing import Any

import keras
from keras import ops

from base.base_model import BaseModel
from models.losses.functional import binary_cross_entropy, smooth_l1, softmax_cross_entropy
from models.mask_rcnn.config import MaskRCNNConfig
from models.mask_rcnn.heads import of_class
from models.mask_rcnn.network import MaskRCNNNetwork
from models.mask_rcnn.targets import AnchorTargets, GroundTruth, RoITargets
from models.ops.gather import take
from models.ops.masks import crop_masks


class MaskRCNN(BaseModel):
    """Finds objects: class, box, mask. torchvision's `maskrcnn_resnet50_fpn` is the reference for every default."""

    config: MaskRCNNConfig
    config_class = MaskRCNNConfig

    def build_model(self) -> keras.Model:
        """The network, with all its weights."""
        return MaskRCNNNetwork(self.config, self.spec)

    def forward(self, batch: dict[str, Any], training: bool) -> dict[str, Any]:
        """The network takes the whole batch: in training it samples around the ground truth."""
        return self.network(batch, training=training)

    @property
    def origin(self) -> str:
        """The backbone and where its weights came from."""
        return f"{self.config.backbone.name} ({self.network.weights_report})"

    def network_inputs(self) -> dict[str, Any]:
        """What an inference takes of the batch."""
        images = keras.KerasTensor((1, *self.spec.image_size, 3), "uint8")
        return {"images": images, "image_size": keras.KerasTensor((1, 2), "int32")}

    def compute_losses(self, batch: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """The five terms of the paper (section 3), each times its weight in the config."""
        terms = {
            **rpn_losses(outputs["rpn_logits"], outputs["rpn_deltas"], outputs["rpn"]),
            **box_losses(outputs["class_logits"], outputs["box_deltas"], outputs["rois"]),
            "mask": mask_loss(outputs["mask_logits"], outputs["rois"], outputs["truth"]),
        }
        weights = self.config.loss_weights
        return {name: getattr(weights, name) * value for name, value in terms.items()}


def rpn_losses(logits: Any, deltas: Any, targets: AnchorTargets) -> dict[str, Any]:
    """Cross entropy and smooth L1 over the sampled anchors, both divided by their number."""
    number = ops.sum(ops.cast(targets.valid, "float32"))
    sampled = take(logits[..., None], targets.index)[..., 0]
    found = take(deltas, targets.index)
    objectness = binary_cross_entropy(sampled, targets.positive, targets.valid, number)
    box = smooth_l1(found, targets.deltas, targets.positive[..., None], normaliser=number)
    return {"rpn_objectness": objectness, "rpn_box": box}


def box_losses(logits: Any, deltas: Any, targets: RoITargets) -> dict[str, Any]:
    """Cross entropy and smooth L1 over the sampled proposals, both divided by their number."""
    number = ops.sum(ops.cast(targets.valid, "float32"))
    own = of_class(deltas, targets.classes, deltas.shape[2])
    classifier = softmax_cross_entropy(logits, targets.classes, targets.valid, number)
    box = smooth_l1(own, targets.deltas, targets.positive[..., None], normaliser=number)
    return {"classifier": classifier, "box": box}


def mask_loss(logits: Any, targets: RoITargets, truth: GroundTruth) -> Any:
    """Mean binary cross entropy over the pixels of the positives' own class; ignored pixels do not count."""
    number, side, classes = logits.shape[1], logits.shape[2], logits.shape[-1]
    wanted, weight = crop_masks(truth.masks, targets.matched[:, :number], targets.boxes[:, :number], side)
    own = of_class(ops.moveaxis(logits, -1, 2), ops.maximum(targets.classes[:, :number] - 1, 0), classes)
    weight = weight * ops.cast(targets.positive[:, :number, None, None], weight.dtype)
    return binary_cross_entropy(own, ops.stop_gradient(wanted), ops.stop_gradient(weight))
