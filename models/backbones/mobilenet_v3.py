"""MobileNetV3 large in torchvision's form, so that its published weights fit, those of its DeepLabV3 too.

It differs from Keras' own, which is `mobilenet_v3_large`, in how strided convolutions pad: on both sides alike. Layers
are called as torchvision's modules, with `_` for `.`: `features_4_block_1_0`.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from models.backbones.applications.common import STANDARD
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig
from models.layers.batch_norm import BatchNormalization
from models.layers.convolution import Conv2D
from models.weights.sources import IMAGENET, IMAGENET_V2, torchvision

_EPSILON = 1e-3


@dataclass(frozen=True)
class Block:
    """An inverted residual (Howard et al. 2019, figure 4; a row of table 1).

    Attributes:
        side: of the depthwise kernel.
        expanded: channels of the depthwise convolution.
        channels: of the output.
        squeezes: whether it has squeeze and excitation.
        activation: of its convolutions but the last.
        stride: of the depthwise convolution.
    """

    side: int
    expanded: int
    channels: int
    squeezes: bool
    activation: str
    stride: int = 1


_LARGE = (
    Block(3, 16, 16, False, "relu"),
    Block(3, 64, 24, False, "relu", stride=2),
    Block(3, 72, 24, False, "relu"),
    Block(5, 72, 40, True, "relu", stride=2),
    Block(5, 120, 40, True, "relu"),
    Block(5, 120, 40, True, "relu"),
    Block(3, 240, 80, False, "hard_swish", stride=2),
    Block(3, 200, 80, False, "hard_swish"),
    Block(3, 184, 80, False, "hard_swish"),
    Block(3, 184, 80, False, "hard_swish"),
    Block(3, 480, 112, True, "hard_swish"),
    Block(3, 672, 112, True, "hard_swish"),
    Block(5, 672, 160, True, "hard_swish", stride=2),
    Block(5, 960, 160, True, "hard_swish"),
    Block(5, 960, 160, True, "hard_swish"),
)
_LAST = 960
"""Channels of the last feature."""


def mobilenet_v3_large(config: BackboneConfig) -> Architecture:
    """C2…C4 are the last linear bottlenecks of their stages, C5 the last feature, as for Keras' form.

    An auxiliary head reads the first bottleneck of stride 8, as in torchvision's `deeplabv3_mobilenet_v3_large`; and as
    there the layer that no longer halves is dilated with those behind it.
    """
    return Architecture(
        make=_network,
        stages=("features_1_add", "features_3_add", "features_6_add", "features_12_add", "features_16_2"),
        pixels=STANDARD,
        pretrained=torchvision(IMAGENET[config.name]),
        pretrained_v2=torchvision(IMAGENET_V2[config.name]),
        dilates_at_once=True,
        auxiliary="features_4_block_3_1",
    )


def _network(shape: tuple[int, int, int]) -> keras.Model:
    """(H, W, 3) → the features before the classifier, of stride 32; weights as torchvision draws them."""
    images = keras.Input(shape)
    x = _convolve(images, 16, 3, "features_0", "hard_swish", stride=2)
    for number, block in enumerate(_LARGE, 1):
        x = _bottleneck(x, block, f"features_{number}")
    x = _convolve(x, _LAST, 1, f"features_{len(_LARGE) + 1}", "hard_swish")
    return keras.Model(images, x, name="mobilenet_v3_large_torchvision")


def _bottleneck(x: Any, block: Block, name: str) -> Any:
    """Expansion, depthwise convolution, squeeze and excitation, projection; the shortcut where the shapes allow."""
    inputs, parts = x, iter(f"{name}_block_{number}" for number in range(4))
    if block.expanded != x.shape[-1]:
        x = _convolve(x, block.expanded, 1, next(parts), block.activation)
    depthwise = {"stride": block.stride, "groups": block.expanded}
    x = _convolve(x, block.expanded, block.side, next(parts), block.activation, **depthwise)
    if block.squeezes:
        x = _squeeze(x, next(parts))
    x = _convolve(x, block.channels, 1, next(parts))
    if block.stride > 1 or block.channels != inputs.shape[-1]:
        return x
    return layers.Add(name=f"{name}_add")([x, inputs])


def _squeeze(x: Any, name: str) -> Any:
    """Squeeze and excitation (Hu et al. 2017): each channel times a factor that the means of all channels give."""
    channels = x.shape[-1]
    means = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_avgpool")(x)
    options = {"kernel_initializer": _fan_out()}
    squeezed = Conv2D(_by_eight(channels // 4), 1, activation="relu", name=f"{name}_fc1", **options)(means)
    factors = Conv2D(channels, 1, activation="hard_sigmoid", name=f"{name}_fc2", **options)(squeezed)
    return layers.Multiply(name=f"{name}_scale")([x, factors])


def _convolve(
    x: Any, channels: int, side: int, name: str, activation: str | None = None, stride: int = 1, groups: int = 1
) -> Any:
    x = Conv2D(
        channels,
        side,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        border=0 if stride == 1 else side // 2,
        groups=groups,
        use_bias=False,
        kernel_initializer=_fan_out(),
        name=f"{name}_0",
    )(x)
    x = BatchNormalization(epsilon=_EPSILON, name=f"{name}_1")(x)
    return layers.Activation(activation, name=f"{name}_2")(x) if activation else x


def _fan_out() -> keras.initializers.Initializer:
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def _by_eight(channels: int) -> int:
    """The multiple of 8 that is nearest and takes away no more than a tenth."""
    nearest = max(8, (channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest
