"""MobileNetV2 and V3: the only families with a width multiplier, `alpha`."""

from functools import partial

import keras

from models.backbones.applications.common import SIGNED, Shape, published, rebuilt, untrained
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig

WIDTHS_V2 = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
"""Values of `alpha` for which weights of V2 are published."""


def mobilenet_v2(config: BackboneConfig) -> Architecture:
    """MobileNetV2 (Sandler et al. 2018). C2…C4 are the last linear bottlenecks of their stages.

    C5 is the last feature, 1280 channels, as in torchvision's detectors, not the bottleneck of 320 before it: a linear
    classifier on its mean reaches an accuracy of 0.84 against 0.77 on 37 breeds, and it adds 12 % to the time of the
    backbone alone, nothing that could be measured in training.
    """
    pretrained = None
    if config.alpha in WIDTHS_V2:
        file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{config.alpha}_224_no_top.h5"
        pretrained = published(f"mobilenet_v2/{file}")
    return Architecture(
        make=partial(untrained, "MobileNetV2", alpha=config.alpha),
        stages=("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_12_add", "out_relu"),
        pixels=SIGNED,
        pretrained=pretrained,
    )


_LAST_V3 = "conv_1_bn_activation"
"""The last feature, behind a 1×1 convolution as in V2; torchvision's detectors take it too."""

_STAGES_V3 = {
    "large": ("expanded_conv_add", "expanded_conv_2_add", "expanded_conv_5_add", "expanded_conv_11_add", _LAST_V3),
    # Its first bottleneck has stride 4 already.
    "small": ("conv_bn", "expanded_conv_project_bn", "expanded_conv_2_add", "expanded_conv_7_add", _LAST_V3),
}

_MD5_V3 = {
    ("large", 0.75): "40af19a13ebea4e2ee0c676887f69a2e",
    ("large", 1.0): "07fb09a5933dd0c8eaafa16978110389",
    ("small", 0.75): "ebdb5cc8e0b497cd13a7c275d475c819",
    ("small", 1.0): "d3e8ec802a04aa4fc771ee12a9a9b836",
}
"""Size and `alpha` of the published weights → their MD5."""


def mobilenet_v3(config: BackboneConfig) -> Architecture:
    """MobileNetV3 (Howard et al. 2019), large or small. C2…C4 are the last linear bottlenecks of their stages."""
    size = config.name.rpartition("_")[2]
    md5 = _MD5_V3.get((size, config.alpha))
    file = f"weights_mobilenet_v3_{size}_224_{config.alpha}_float_no_top_v2.h5"
    return Architecture(
        make=partial(_make_v3, size.capitalize(), config.alpha),
        stages=_STAGES_V3[size],
        pixels=SIGNED,
        pretrained=published(f"mobilenet_v3/{file}", md5) if md5 else None,
    )


def _make_v3(size: str, alpha: float, shape: Shape) -> keras.Model:
    return rebuilt(untrained(f"MobileNetV3{size}", shape, alpha=alpha, include_preprocessing=False), shape)
