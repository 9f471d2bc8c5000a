"""VGG-16 and VGG-19."""

from functools import partial

import keras

from models.backbones.applications.common import CAFFE, Shape, published, rebuilt, untrained, with_same_padding
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig

_MD5 = {"vgg16": "6d6bbae143d832006294945121d1f1fc", "vgg19": "253f8cb515780f3b799900260a226db6"}


def vgg(config: BackboneConfig) -> Architecture:
    """VGG (Simonyan & Zisserman 2014), whose pooling rounds up here, so that images of any size fit.

    C2…C4 are the last convolutions before a pooling, as Faster R-CNN takes conv5_3 for stride 16 and SSD conv4_3 for
    stride 8; C5 is the last pooling.
    """
    last = {"vgg16": 3, "vgg19": 4}[config.name]
    return Architecture(
        make=partial(_make, config.name.upper()),
        stages=("block2_conv2", *(f"block{i}_conv{last}" for i in (3, 4, 5)), "block5_pool"),
        pixels=CAFFE,
        pretrained=published(
            f"{config.name}/{config.name}_weights_tf_dim_ordering_tf_kernels_notop.h5", _MD5[config.name]
        ),
    )


def _make(application: str, shape: Shape) -> keras.Model:
    pooling = with_same_padding(lambda layer: isinstance(layer, keras.layers.MaxPooling2D))
    return rebuilt(untrained(application, shape), shape, pooling)
