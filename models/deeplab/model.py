"""The losses and predictions on top of the networks that give every pixel a label.

Alphabet: `B` images, `H, W` the size of the input, `K` classes without background.
"""

from typing import Any

import keras
from keras import ops

from base.base_data import BaseData
from models.backbones.model import BackboneModel
from models.deeplab.config import DeepLabV3Config, DeepLabV3PlusConfig, SemanticConfig, SemanticFPNConfig
from models.deeplab.network import DeepLabV3Network, DeepLabV3PlusNetwork, SemanticFPNNetwork
from models.losses.class_weights import with_class_weights
from models.losses.semantic import SemanticLosses


class SemanticModel(BackboneModel):
    """Gives every pixel a label: 0 background, 1…K.

    Attributes:
        network_class: of the config and the `DataSpec`; the subclass names it.
        head_losses: logits (B, H, W, K + 1) and labels of one head → its loss terms.
    """

    config: SemanticConfig
    network_class: Any

    @classmethod
    def complete_config(cls, config: SemanticConfig, data: BaseData) -> SemanticConfig:
        """With numbers for the class weights of `losses` that are named by a frequency."""
        return config.model_copy(update={"losses": with_class_weights(config.losses, data.class_pixels)})

    def build_model(self) -> keras.Model:
        """The network, with random weights."""
        self.head_losses = SemanticLosses(self.config.losses, self.spec.num_classes + 1)
        return self.network_class(self.config, self.spec)

    def compute_losses(self, batch: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """The terms of the main head by their names, and the sum of the auxiliary head's, each times its weight.

        Args:
            batch: `labels` int32 (B, H, W), 255 ignored.
            outputs: `out` and perhaps `aux`, logits (B, H, W, K + 1).

        Returns:
            Scalars; 0 where every pixel is ignored.
        """
        weights, labels = self.config.loss_weights, batch["labels"]
        terms = {name: weights.out * value for name, value in self.head_losses(outputs["out"], labels).items()}
        if "aux" in outputs:
            terms["aux"] = weights.aux * sum(self.head_losses(outputs["aux"], labels).values())
        return terms

    def predict(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`labels` int32 (B, H, W) in pixels of the input.

        Args:
            batch: `images` uint8 (B, H, W, 3), `image_size` int32 (B, 2).
        """
        return {"labels": _labels(self.forward(batch, training=False)["out"])}

    def predict_soft(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`predict`, and `probabilities` float32 (B, H, W, K + 1), background first."""
        logits = self.forward(batch, training=False)["out"]
        return {"labels": _labels(logits), "probabilities": ops.softmax(logits, axis=-1)}


def _labels(logits: Any) -> Any:
    return ops.cast(ops.argmax(logits, axis=-1), "int32")


class DeepLabV3(SemanticModel):
    """DeepLabV3 (Chen et al. 2017). The reference is torchvision's `deeplabv3_resnet50`."""

    config: DeepLabV3Config
    config_class = DeepLabV3Config
    network_class = DeepLabV3Network


class DeepLabV3Plus(SemanticModel):
    """DeepLabV3+ (Chen et al. 2018)."""

    config: DeepLabV3PlusConfig
    config_class = DeepLabV3PlusConfig
    network_class = DeepLabV3PlusNetwork


class SemanticFPN(SemanticModel):
    """Semantic FPN (Kirillov et al. 2019)."""

    config: SemanticFPNConfig
    config_class = SemanticFPNConfig
    network_class = SemanticFPNNetwork
