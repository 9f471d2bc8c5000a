"""The networks that give every pixel a label: backbone, what gathers its features (the neck), head.

Alphabet: `B` images, `H, W` the size of the input, `h, w` that of the neck's features, `C` their channels, `K` classes
without background; `C_n` the backbone's and `P_n` the pyramid's features of stride 2^n.
"""

from abc import abstractmethod
from typing import Any

import keras

from base.batch import DataSpec
from models.backbones.build import AUXILIARY, BackboneBuilder
from models.deeplab.config import (
    DeepLabV3Config,
    DeepLabV3PlusConfig,
    PixelHeadConfig,
    SemanticConfig,
    SemanticFPNConfig,
)
from models.deeplab.heads import Decoder, Merge, PixelHead
from models.layers.aspp import ASPP
from models.layers.fpn import FPN
from models.ops.pixels import fill_padding
from models.ops.resize import resize_bilinear

Features = dict[str, Any]
"""Name of a feature → (B, h, w, C), or its shape."""


class SemanticNetwork(keras.Model):
    """All weights of a network, and the way through it. A subclass writes the neck.

    Args:
        config: the section `model`.
        spec: classes and shapes of the data.
        head: the section of the main head.
        output_stride: of the backbone.
    """

    def __init__(self, config: SemanticConfig, spec: DataSpec, head: PixelHeadConfig, output_stride: int = 32):
        # Without autocast images and logits keep their dtype under mixed precision; each layer casts its features.
        super().__init__(name=config.name.rpartition(":")[2], autocast=False)
        self.config, self.size, aux = config, spec.image_size, config.aux_head
        wanted = aux is not None and aux.feature is None
        self.backbone_builder = BackboneBuilder(config.backbone, spec.image_size, output_stride, auxiliary=wanted)
        self.backbone = self.backbone_builder.backbone
        self.padding = self.backbone.get_layer("normalize_images").neutral
        self.momentum = config.backbone.batch_norm_momentum
        shapes = {name: tuple(feature.shape) for name, feature in self.backbone.output.items()}
        channels = self.build_neck(shapes)
        self.head = PixelHead(head, spec.num_classes, momentum=self.momentum, name="head")
        self.head.build((None, None, None, channels))
        self.aux_head = self._aux_head(shapes, spec.num_classes)
        self.built = True

    @abstractmethod
    def build_neck(self, shapes: Features) -> int:
        """Makes the neck with its weights for features of these shapes; returns C."""

    @abstractmethod
    def neck(self, features: Features, training: bool) -> Any:
        """The backbone's features → (B, h, w, C) for the head."""

    def call(self, batch: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """A batch → logits (B, H, W, K + 1) in float32, background first.

        Args:
            batch: `images` uint8 (B, H, W, 3), and `image_size` int32 (B, 2): height and width of what is no padding.
            training: whether batch norm follows the batch, and the auxiliary head is needed.

        Returns:
            `out`, and in training `aux` where there is an auxiliary head.
        """
        features = self.features(batch, training)
        outputs = {"out": self.enlarge(self.head(self.neck(features, training), training=training))}
        if training and self.aux_head is not None:
            outputs["aux"] = self.enlarge(self.aux_head(features[self.aux_feature], training=True))
        return outputs

    def features(self, batch: dict[str, Any], training: bool) -> Features:
        """The backbone's features of the images."""
        images = fill_padding(batch["images"], batch["image_size"], self.padding)
        return self.backbone(images, training=training)

    def enlarge(self, logits: Any) -> Any:
        """(B, h, w, K + 1) → (B, H, W, K + 1)."""
        return resize_bilinear(logits, self.size)

    @property
    def aux_feature(self) -> str:
        """The name of the feature that the auxiliary head reads."""
        aux = self.config.aux_head
        given = aux.feature if aux else None
        return given or (AUXILIARY if AUXILIARY in self.backbone.output else "C4")

    def _aux_head(self, shapes: Features, num_classes: int) -> PixelHead | None:
        aux = self.config.aux_head
        if aux is None:
            return None
        shape = shapes[self.aux_feature]
        section = PixelHeadConfig(channels=aux.channels or max(1, shape[-1] // 4))
        head = PixelHead(section, num_classes, dropout=aux.dropout, momentum=self.momentum, name="aux_head")
        head.build(shape)
        return head


class DeepLabV3Network(SemanticNetwork):
    """DeepLabV3 (Chen et al. 2017, figure 5): ASPP on the last feature."""

    config: DeepLabV3Config

    def __init__(self, config: DeepLabV3Config, spec: DataSpec):
        super().__init__(config, spec, config.head, config.output_stride)

    def build_neck(self, shapes: Features) -> int:
        """ASPP for C5."""
        self.aspp = ASPP(self.config.aspp, self.config.output_stride, self.momentum, name="aspp")
        self.aspp.build(shapes["C5"])
        return self.config.aspp.channels

    def neck(self, features: Features, training: bool) -> Any:
        """ASPP of C5."""
        return self.aspp(features["C5"], training=training)


class DeepLabV3PlusNetwork(SemanticNetwork):
    """DeepLabV3+ (Chen et al. 2018, figure 2): ASPP on the last feature, then a decoder with a fine one."""

    config: DeepLabV3PlusConfig

    def __init__(self, config: DeepLabV3PlusConfig, spec: DataSpec):
        super().__init__(config, spec, config.head, config.output_stride)

    def build_neck(self, shapes: Features) -> int:
        """ASPP for C5, the decoder for the fine feature."""
        self.aspp = ASPP(self.config.aspp, self.config.output_stride, self.momentum, name="aspp")
        self.aspp.build(shapes["C5"])
        self.decoder = Decoder(self.config.decoder, self.momentum, name="decoder")
        self.decoder.build({"fine": shapes[self.config.decoder.feature]})
        return self.config.aspp.channels + self.config.decoder.channels

    def neck(self, features: Features, training: bool) -> Any:
        """ASPP of C5 beside the fine feature."""
        coarse = self.aspp(features["C5"], training=training)
        return self.decoder({"fine": features[self.config.decoder.feature], "coarse": coarse}, training=training)


class SemanticFPNNetwork(SemanticNetwork):
    """Semantic FPN (Kirillov et al. 2019, figure 3): the levels of the pyramid, raised and added."""

    config: SemanticFPNConfig

    def __init__(self, config: SemanticFPNConfig, spec: DataSpec):
        super().__init__(config, spec, PixelHeadConfig(convolutions=0))

    def build_neck(self, shapes: Features) -> int:
        """The pyramid, and what makes one of its levels."""
        self.fpn = FPN(self.config.fpn, name="fpn")
        self.fpn.build(shapes)
        self.merge = Merge(self.config.merge, self.config.fpn.levels, name="decoder")
        self.merge.build(
            {f"P{level}": (None, None, None, self.config.fpn.channels) for level in self.config.fpn.levels}
        )
        return self.config.merge.channels

    def neck(self, features: Features, training: bool) -> Any:
        """The sum of the levels."""
        return self.merge(self.fpn(features))
