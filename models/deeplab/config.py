"""The sections `model` of the networks that give every pixel a label.

Defaults of the first are those of torchvision's `deeplabv3_resnet50` but for the backbone and its stride.
"""

from typing import Literal, Self

from pydantic import Field, model_validator

from base.config import ModelConfig
from models.backbones.config import BackboneConfig
from models.layers.config import ASPPConfig, FPNConfig
from models.losses.config import CrossEntropyConfig, Losses
from models.weights.config import VocPretrainedConfig, check_one_beginning
from utils.config.section import Section


class AuxHeadConfig(Section):
    """A second, plain head on an earlier feature: its loss reaches the backbone on a shorter way, in training alone."""

    feature: Literal["C2", "C3", "C4", "C5"] | None = None
    """The backbone's feature that it reads; null: C4, or for `mobilenet_v3_large_torchvision` the one of stride 8 that
    torchvision's reads."""
    channels: int | None = Field(default=None, ge=1)
    """Channels of its 3×3 convolution; null: a quarter of the feature's."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Share of these channels' numbers that a training step leaves out."""


class PixelHeadConfig(Section):
    """The head: 3×3 convolutions, then a score of each class for each cell."""

    channels: int = Field(default=256, ge=1)
    """Channels of the 3×3 convolutions."""
    convolutions: int = Field(default=1, ge=0)
    """How many there are."""
    separable: bool = False
    """Whether they are depthwise separable (DeepLabV3+)."""


class DecoderConfig(Section):
    """What brings fine features in (Chen et al. 2018, figure 2)."""

    feature: Literal["C2", "C3"] = "C2"
    """The backbone's feature with the fine detail; the logits have its stride before they are resized."""
    channels: int = Field(default=48, ge=1)
    """Channels that it is reduced to, so that it does not outweigh the coarse ones."""


class MergeConfig(Section):
    """How the levels of the pyramid become one (Kirillov et al. 2019, figure 3)."""

    channels: int = Field(default=128, ge=1)
    """Channels of each level's convolutions and of the sum."""
    groups: int = Field(default=32, ge=1)
    """Groups of the group normalization; they divide `channels`."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.channels % self.groups:
            raise ValueError(f"received {self.channels} channels in {self.groups} groups; choose a divisor for groups")
        return self


class LossWeights(Section):
    """The factor of each loss term."""

    out: float = Field(default=1.0, ge=0)
    """That of the main head."""
    aux: float = Field(default=0.5, ge=0)
    """That of the auxiliary head."""


class SemanticConfig(ModelConfig):
    """What every network of this kind has. Batch norm outside of the backbone is always trained, with
    `backbone.batch_norm_momentum`."""

    name: str
    """A registered model, or `package.module:Class` of your own."""

    backbone: BackboneConfig = BackboneConfig()
    """Where the features come from."""
    aux_head: AuxHeadConfig | None = None
    """A second head for training; null: none."""
    losses: Losses = (CrossEntropyConfig(),)
    """The losses of a head's logits; their weighted sum is minimized. Several: `[{"name": "cross_entropy"}, {"name":
    "dice", "weight": 0.5}]`."""
    loss_weights: LossWeights = LossWeights()
    """The factor of each head's losses."""


class DeepLabV3Config(SemanticConfig):
    """DeepLabV3 (Chen et al. 2017): a dilated backbone, and branches that see near, far and the whole image."""

    name: str = "deeplab_v3"
    """A registered model, or `package.module:Class` of your own."""
    pretrained: VocPretrainedConfig | None = None
    """A whole network that was trained before, in place of `backbone.weights` alone; null: none."""
    output_stride: Literal[8, 16] = 16
    """Pixels between two cells of the last features. 8 is more accurate; the later stages have four times the cells."""
    aspp: ASPPConfig = ASPPConfig()
    """The branches."""
    head: PixelHeadConfig = PixelHeadConfig()
    """The main head."""
    aux_head: AuxHeadConfig | None = AuxHeadConfig()
    """A second head for training; null: none."""

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        check_one_beginning(self.init_from, self.pretrained)
        if self.pretrained:
            self.pretrained.check_backbone(self.backbone.name)
        return self


class DeepLabV3PlusConfig(SemanticConfig):
    """DeepLabV3+ (Chen et al. 2018): DeepLabV3 with a decoder that brings fine features in."""

    name: str = "deeplab_v3_plus"
    """A registered model, or `package.module:Class` of your own."""
    output_stride: Literal[8, 16] = 16
    """Pixels between two cells of the last features. 8 is more accurate; the later stages have four times the cells."""
    aspp: ASPPConfig = ASPPConfig(separable=True, dropout=0.1)
    """The branches."""
    decoder: DecoderConfig = DecoderConfig()
    """What brings fine features in."""
    head: PixelHeadConfig = PixelHeadConfig(convolutions=2, separable=True)
    """The main head."""


class SemanticFPNConfig(SemanticConfig):
    """Semantic FPN (Kirillov et al. 2019): the sum of a feature pyramid's levels, on any backbone as it is."""

    name: str = "semantic_fpn"
    """A registered model, or `package.module:Class` of your own."""
    fpn: FPNConfig = FPNConfig(extra_level=False)
    """The feature pyramid."""
    merge: MergeConfig = MergeConfig()
    """How its levels become one."""

    @model_validator(mode="after")
    def _no_level_of_anchors(self) -> Self:
        if self.fpn.extra_level:
            raise ValueError(
                "received fpn.extra_level true: it is for anchors, and nothing is merged from it; set false"
            )
        return self
