"""ResNet and ResNeXt in torchvision's form ("v1.5"), so that its published weights fit.

The stride of a stage is in its 3×3 convolution, not in the first 1×1 as in the paper (He et al. 2015) and in
`keras.applications`; strided convolutions pad on both sides alike, and batch norm has an epsilon of 1e-5. Layers are
called as torchvision's modules, with `_` for `.`: `layer1_0_conv1`.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
from keras import layers

from models.backbones.applications.common import STANDARD
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig
from models.layers.batch_norm import BatchNormalization
from models.layers.convolution import Conv2D
from models.weights.sources import IMAGENET, IMAGENET_V2, torchvision

_EPSILON = 1e-5
_EXPANSION = 4


@dataclass(frozen=True)
class Variant:
    """What differs between ResNets.

    Attributes:
        depths: blocks of each stage.
        groups: of the 3×3 convolutions; 1 is a ResNet, more a ResNeXt (Xie et al. 2017).
        group_width: channels of a group in the first stage.
    """

    depths: tuple[int, int, int, int]
    groups: int = 1
    group_width: int = 64

    def width(self, stage: int) -> int:
        """Channels of the 3×3 convolutions of a stage (0…3)."""
        return self.groups * self.group_width * 2**stage


VARIANTS = {
    "resnet50": Variant((3, 4, 6, 3)),
    "resnet101": Variant((3, 4, 23, 3)),
    "resnet152": Variant((3, 8, 36, 3)),
    "resnext50_32x4d": Variant((3, 4, 6, 3), groups=32, group_width=4),
    "resnext101_32x8d": Variant((3, 4, 23, 3), groups=32, group_width=8),
}
"""Name → variant, with torchvision's names."""


def resnet(config: BackboneConfig) -> Architecture:
    """The variant that `config.name` names."""
    variant = VARIANTS[config.name]
    return Architecture(
        make=partial(_network, variant, name=config.name),
        stages=("relu", *(f"layer{i + 1}_{depth - 1}_relu" for i, depth in enumerate(variant.depths))),
        pixels=STANDARD,
        pretrained=torchvision(IMAGENET[config.name]),
        pretrained_v2=torchvision(IMAGENET_V2[config.name]),
    )


def _network(variant: Variant, shape: tuple[int, int, int], name: str) -> keras.Model:
    """(H, W, 3) → the features before the classifier, of stride 32; weights as torchvision draws them."""
    images = keras.Input(shape)
    x = _convolution(images, 64, 7, stride=2, name="conv1")
    x = _normalize(x, "bn1")
    # The greatest of several is cut off at 0 as well after it was chosen, when it is a quarter of the work and memory;
    # and then zeros around the image are as good as the -inf that torch pads with.
    x = layers.ZeroPadding2D(1, name="maxpool_pad")(x)
    x = _activate(layers.MaxPooling2D(3, strides=2, name="maxpool")(x), "relu")
    for stage, depth in enumerate(variant.depths):
        for block in range(depth):
            stride = 2 if stage and not block else 1
            x = _bottleneck(x, variant, stage, stride, f"layer{stage + 1}_{block}")
    return keras.Model(images, x, name=name)


def _bottleneck(x: Any, variant: Variant, stage: int, stride: int, name: str) -> Any:
    """1×1, 3×3, 1×1 and the shortcut, which the first block of a stage projects."""
    width, channels = variant.width(stage), 64 * _EXPANSION * 2**stage
    shortcut = x
    if x.shape[-1] != channels or stride > 1:
        shortcut = _convolution(x, channels, 1, stride=stride, name=f"{name}_downsample_0")
        shortcut = _normalize(shortcut, f"{name}_downsample_1")
    x = _activate(_normalize(_convolution(x, width, 1, name=f"{name}_conv1"), f"{name}_bn1"), f"{name}_relu1")
    x = _convolution(x, width, 3, stride=stride, groups=variant.groups, name=f"{name}_conv2")
    x = _activate(_normalize(x, f"{name}_bn2"), f"{name}_relu2")
    x = _normalize(_convolution(x, channels, 1, name=f"{name}_conv3"), f"{name}_bn3")
    return _activate(layers.Add(name=f"{name}_add")([x, shortcut]), f"{name}_relu")


def _convolution(x: Any, channels: int, side: int, name: str, stride: int = 1, groups: int = 1) -> Any:
    return Conv2D(
        channels,
        side,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        border=0 if stride == 1 else side // 2,
        groups=groups,
        use_bias=False,
        kernel_initializer=keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal"),
        name=name,
    )(x)


def _normalize(x: Any, name: str) -> Any:
    return BatchNormalization(epsilon=_EPSILON, name=name)(x)


def _activate(x: Any, name: str) -> Any:
    return layers.ReLU(name=name)(x)
