"""Xception."""

import keras

from models.backbones.applications.common import SIGNED, Shape, published, rebuilt, untrained, with_same_padding
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig

_STEM = ("block1_conv1", "block1_conv2")


def xception(config: BackboneConfig) -> Architecture:
    """Xception (Chollet 2017), whose first two convolutions are padded here.

    Without padding they lose up to three rows and columns, so C2 of 320 pixels would be 79 cells instead of 80, each
    three pixels farther in. With it a feature away from the border is the same, one cell of the stem farther.

    C2…C4 are the last convolutions before a stage is pooled, as DeepLabV3+ takes them for its decoder.
    """
    return Architecture(
        make=_make,
        stages=("block1_conv2_act", *(f"block{i}_sepconv2_bn" for i in (3, 4, 13)), "block14_sepconv2_act"),
        pixels=SIGNED,
        pretrained=published(
            "xception/xception_weights_tf_dim_ordering_tf_kernels_notop.h5", "b0042744bf5b25fce3cb969f33bebb97"
        ),
    )


def _make(shape: Shape) -> keras.Model:
    # Keras refuses to make one for less than 71 pixels, which is the padding's doing and holds no longer.
    anywhere = untrained("Xception", (None, None, 3))
    return rebuilt(anywhere, shape, with_same_padding(lambda layer: layer.name in _STEM))
