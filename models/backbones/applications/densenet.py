"""DenseNet-121."""

import keras

from models.backbones.applications.common import STANDARD, Shape, published, rebuilt, untrained, with_same_padding
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig


def densenet121(config: BackboneConfig) -> Architecture:
    """DenseNet-121 (Huang et al. 2017), whose average pooling rounds up here, so that images of any size fit.

    C2…C4 are all features of a dense block, normalized and activated, before the transition halves their number and
    size.
    """
    return Architecture(
        make=_make,
        stages=("conv1_relu", "pool2_relu", "pool3_relu", "pool4_relu", "relu"),
        pixels=STANDARD,
        pretrained=published(
            "densenet/densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5", "30ee3e1110167f948a6b9946edeeb738"
        ),
    )


def _make(shape: Shape) -> keras.Model:
    pooling = with_same_padding(lambda layer: isinstance(layer, keras.layers.AveragePooling2D))
    return rebuilt(untrained("DenseNet121", shape), shape, pooling)
