"""ResNet in Caffe's form, and ResNet V2; torchvision's, which is the default, is `models/backbones/resnet.py`."""

from functools import partial

import keras

from models.backbones.applications.common import CAFFE, SIGNED, Shape, published, rebuilt, untrained
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig

_DEPTHS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3), "resnet152": (3, 8, 36, 3)}

_MD5 = {
    "resnet50_v1": "4d473c1dd8becc155b73f8504c6f6626",
    "resnet101_v1": "88cf7a10940856eca736dc7b7e228a21",
    "resnet152_v1": "ee4c566cf9a93f14d82f913c2dc6dd0c",
    "resnet50_v2": "fac2f116257151a9d068a22e544a4917",
    "resnet101_v2": "c0ed64b8031c3730f411d2eb4eea35b5",
    "resnet152_v2": "ed17cf2e0169df9d443503ef94b23b33",
}


def resnet_v1(config: BackboneConfig) -> Architecture:
    """ResNet (He et al. 2015) in Caffe's form: the stride is in the first 1×1 convolution of a stage."""
    name = config.name.removesuffix("_v1")
    return Architecture(
        make=partial(untrained, name.replace("resnet", "ResNet")),
        stages=("conv1_relu", *(f"conv{i}_block{depth}_out" for i, depth in enumerate(_DEPTHS[name], 2))),
        pixels=CAFFE,
        pretrained=published(f"resnet/{name}_weights_tf_dim_ordering_tf_kernels_notop.h5", _MD5[config.name]),
    )


def resnet_v2(config: BackboneConfig) -> Architecture:
    """ResNet V2 (He et al. 2016), which normalizes and activates before each convolution, not behind the sum.

    In Keras the stride of a stage is in its last block. So C2…C4 are the input of that block, the sum of all blocks
    before it, normalized and activated, and C5 is the same at the end of the network.
    """
    name = config.name.removesuffix("_v2")
    middle = (f"conv{i}_block{depth}_preact_relu" for i, depth in enumerate(_DEPTHS[name][:3], 2))
    return Architecture(
        make=partial(_make_v2, name.replace("resnet", "ResNet") + "V2"),
        stages=("conv1_conv", *middle, "post_relu"),
        pixels=SIGNED,
        pretrained=published(f"resnet/{name}v2_weights_tf_dim_ordering_tf_kernels_notop.h5", _MD5[config.name]),
    )


def _make_v2(application: str, shape: Shape) -> keras.Model:
    return rebuilt(untrained(application, shape), shape)
