"""Backbones from `keras.applications`. A further one is a function of a few lines here and a line in the table."""

from functools import partial

import keras
import numpy as np

from models.backbones.architecture import Architecture, Pixels, Pretrained
from models.backbones.config import BackboneConfig

FILES = "https://storage.googleapis.com/tensorflow/keras-applications"
"""Where Keras publishes the weights of its applications."""

SIGNED = Pixels(mean=(127.5,) * 3, std=(127.5,) * 3)
"""x / 127.5 − 1: TensorFlow's own networks."""

CAFFE = Pixels(mean=(103.939, 116.779, 123.68), std=(1.0,) * 3, bgr=True)
"""BGR minus ImageNet's mean: the first ResNets and VGG."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

STANDARD = Pixels(mean=tuple(255 * m for m in IMAGENET_MEAN), std=tuple(255 * s for s in IMAGENET_STD))
"""(x / 255 − mean) / std: EfficientNet, and everything from torchvision."""

MOBILENET_WIDTHS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
"""Values of `alpha` for which weights are published."""


def mobilenet_v2(config: BackboneConfig) -> Architecture:
    """MobileNetV2 (Sandler et al. 2018). C2…C4 are the last linear bottlenecks of their stages.

    C5 is the last feature, 1280 channels, as in torchvision's detectors, not the bottleneck of 320 before it: a linear
    classifier on its mean tells 37 breeds of pets apart with 0.84 against 0.77, and it adds 12 % to the time of the
    backbone alone, nothing that could be measured in training.
    """
    pretrained = None
    if config.alpha in MOBILENET_WIDTHS:
        file = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{config.alpha}_224_no_top.h5"
        pretrained = Pretrained(f"{FILES}/mobilenet_v2/{file}")
    return Architecture(
        make=partial(_make, keras.applications.MobileNetV2, alpha=config.alpha),
        stages=("expanded_conv_project_BN", "block_2_add", "block_5_add", "block_12_add", "out_relu"),
        pixels=SIGNED,
        pretrained=pretrained,
    )


def efficientnet_b0(config: BackboneConfig) -> Architecture:
    """EfficientNet-B0 (Tan & Le 2019), without stochastic depth.

    Its own normalisation is replaced by `STANDARD`, which gives the same: Keras adds a part of it only where it
    downloads the weights itself, so a local file would silently see other pictures.
    """
    return Architecture(
        make=_efficientnet_b0,
        stages=("block1a_project_bn", "block2b_add", "block3b_add", "block5c_add", "top_activation"),
        pixels=STANDARD,
        pretrained=Pretrained(
            "https://storage.googleapis.com/keras-applications/efficientnetb0_notop.h5",
            "50bc09e76180e00e4465e1a485ddc09d",
        ),
        starts_at="stem_conv_pad",
        check=_check_efficientnet_statistics,
    )


_RESNET_V1 = {
    "resnet50_v1": (keras.applications.ResNet50, (3, 4, 6, 3), "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101_v1": (keras.applications.ResNet101, (3, 4, 23, 3), "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152_v1": (keras.applications.ResNet152, (3, 8, 36, 3), "ee4c566cf9a93f14d82f913c2dc6dd0c"),
}


def resnet_v1(config: BackboneConfig) -> Architecture:
    """ResNet (He et al. 2015) as Caffe had it: the stride is in the first 1×1 convolution of a stage."""
    application, depths, md5 = _RESNET_V1[config.name]
    file = f"{config.name.removesuffix('_v1')}_weights_tf_dim_ordering_tf_kernels_notop.h5"
    return Architecture(
        make=partial(_make, application),
        stages=("conv1_relu", *(f"conv{i}_block{depth}_out" for i, depth in enumerate(depths, 2))),
        pixels=CAFFE,
        pretrained=Pretrained(f"{FILES}/resnet/{file}", md5),
    )


def _make(application, shape: tuple[int, int, int], **kwargs) -> keras.Model:
    return application(include_top=False, weights=None, input_shape=shape, **kwargs)


def _efficientnet_b0(shape: tuple[int, int, int]) -> keras.Model:
    network = _make(keras.applications.EfficientNetB0, shape)
    for layer in network.layers:
        # Stochastic depth would make a frozen stage give other features in training than in inference.
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return network


def _check_efficientnet_statistics(network: keras.Model) -> None:
    """The published file holds mean and standard deviation in its `Normalization`; another file may hold others."""
    layer = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance = layer.get_weights()[:2]
    if not (np.allclose(mean, IMAGENET_MEAN, atol=2e-3) and np.allclose(variance, IMAGENET_STD, atol=2e-3)):
        raise ValueError(
            f"its normalisation has mean {mean.tolist()} and variance {variance.tolist()}, but the pictures are "
            f"normalised with {IMAGENET_MEAN} and {IMAGENET_STD} as in the published weights"
        )
