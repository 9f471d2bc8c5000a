"""EfficientNet B0 to B4 and EfficientNetV2 B0 to B3 and S, all without stochastic depth."""

from functools import partial

import keras
import numpy as np

from models.backbones.applications.common import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    STANDARD,
    Shape,
    published,
    untrained,
    without_dropout,
)
from models.backbones.architecture import Architecture, Pixels
from models.backbones.config import BackboneConfig
from models.weights.sources import Pretrained
from utils.checksum import Checksum

_V1 = {
    "b0": ((1, 2, 2, 3, 3, 4, 1), "50bc09e76180e00e4465e1a485ddc09d"),
    "b1": ((2, 3, 3, 4, 4, 5, 2), "74c4e6b3e1f6a1eea24c589628592432"),
    "b2": ((2, 3, 3, 4, 4, 5, 2), "111f8e2ac8aa800a7a99e3239f7bfb39"),
    "b3": ((2, 3, 3, 5, 5, 6, 2), "af6d107764bb5b1abb91932881670226"),
    "b4": ((2, 4, 4, 6, 6, 8, 2), "ebc24e6d6c33eaebbd558eafbeedf1ba"),
}
"""Size → blocks of each stage, MD5 of the published weights."""

_V2 = {
    "b0": ((1, 2, 2, 3, 5, 8), "893217f2bb855e2983157299931e43ff"),
    "b1": ((2, 3, 3, 4, 6, 9), "0e80663031ca32d657f9caa404b6ec37"),
    "b2": ((2, 3, 3, 4, 6, 10), "1dfe2e7a5d45b6632553a8961ea609eb"),
    "b3": ((2, 3, 3, 5, 7, 12), "f6abf7b5849ac99a89b50dd3fd532856"),
    "s": ((2, 4, 4, 6, 9, 15), "af0682fb74e8c54910f2d4393339c070"),
}

_V2_PIXELS = Pixels(mean=(128.0,) * 3, std=(128.0,) * 3)
"""x / 128 − 1: EfficientNetV2 from S on; B0 to B3 are normalized as the first EfficientNet."""


def efficientnet(config: BackboneConfig) -> Architecture:
    """EfficientNet (Tan & Le 2019). C5 is its last feature, as for MobileNetV2, not the linear bottleneck before it.

    Its own normalization is replaced by `STANDARD`, which gives the same: Keras adds some of it only where it
    downloads the weights itself, so a local file would silently see other images.
    """
    size = config.name.rpartition("_")[2]
    depths, md5 = _V1[size]
    return Architecture(
        make=partial(_make, f"EfficientNet{size.upper()}"),
        stages=_stages(depths, "project_bn"),
        pixels=STANDARD,
        pretrained=Pretrained(
            f"https://storage.googleapis.com/keras-applications/efficientnet{size}_notop.h5", Checksum("md5", md5)
        ),
        starts_at="stem_conv_pad",
        check=_check_statistics,
    )


def efficientnet_v2(config: BackboneConfig) -> Architecture:
    """EfficientNetV2 (Tan & Le 2021); taps as for EfficientNet. Its normalization has no weights and is left out."""
    size = config.name.rpartition("_")[2]
    depths, md5 = _V2[size]
    return Architecture(
        make=partial(_make, f"EfficientNetV2{size.upper()}", include_preprocessing=False),
        stages=_stages(depths, "project_activation"),
        pixels=_V2_PIXELS if size == "s" else STANDARD,
        pretrained=published(f"efficientnet_v2/efficientnetv2-{size}_notop.h5", md5),
    )


def _stages(depths: tuple[int, ...], unshortened: str) -> tuple[str, ...]:
    """The last blocks of strides 2 to 16 and the last feature; `unshortened` ends a block that adds no shortcut."""
    ends = {stage: "abcdefghijklmno"[depth - 1] for stage, depth in enumerate(depths, 1)}
    first = "add" if depths[0] > 1 else unshortened
    return (f"block1{ends[1]}_{first}", *(f"block{n}{ends[n]}_add" for n in (2, 3, 5)), "top_activation")


def _make(application: str, shape: Shape, **kwargs) -> keras.Model:
    return without_dropout(untrained(application, shape, **kwargs))


def _check_statistics(network: keras.Model) -> None:
    """The published file holds mean and standard deviation in its `Normalization`; another file may hold others."""
    layer = next(layer for layer in network.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance = layer.get_weights()[:2]
    if not (np.allclose(mean, IMAGENET_MEAN, atol=2e-3) and np.allclose(variance, IMAGENET_STD, atol=2e-3)):
        raise ValueError(
            f"its normalization has mean {mean.tolist()} and variance {variance.tolist()}, but the images are "
            f"normalized with {IMAGENET_MEAN} and {IMAGENET_STD} as in the published weights"
        )
