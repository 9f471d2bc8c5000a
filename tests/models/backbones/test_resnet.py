"""The ResNets of torchvision's form: shapes of all weights, strides, and where the cells lie."""

import keras
import numpy as np
import pytest

from models.backbones.config import BackboneConfig
from models.backbones.resnet import VARIANTS
from tests.models.backbones.built import build_backbone

NUMBERS = {
    # torchvision's figures for the whole classifiers, less the dense layer of 1000 classes on 2048 channels.
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "resnext50_32x4d": 25_028_904,
    "resnext101_32x8d": 88_791_336,
}
CLASSIFIER = 2048 * 1000 + 1000


@pytest.mark.parametrize("name", VARIANTS)
def test_parameters_are_as_many_as_torchvision_has(name):
    backbone = build_backbone(BackboneConfig(name=name, batch_norm="trainable"), (32, 32), trained=True)
    assert sum(np.prod(v.shape) for v in backbone.trainable_variables) == NUMBERS[name] - CLASSIFIER


@pytest.fixture(scope="module")
def small():
    return build_backbone(BackboneConfig(name="resnext50_32x4d"), (96, 96), trained=True)


def test_the_stride_is_in_the_3x3_convolution(small):
    strides = {
        layer.name: layer.strides[0]
        for layer in small._flatten_layers()
        if isinstance(layer, keras.layers.Conv2D) and layer.strides[0] > 1
    }
    blocks = [f"layer{stage}_0_{part}" for stage in (2, 3, 4) for part in ("conv2", "downsample_0")]
    assert strides == dict.fromkeys(["conv1", *blocks], 2)


def test_an_image_moved_by_32_pixels_moves_each_feature_by_its_cells():
    backbone = build_backbone(BackboneConfig(name="resnext50_32x4d"), (192, 192), trained=True)
    image = np.zeros((1, 192, 192, 3), np.float32)
    image[:, 64:96, 64:96] = np.random.default_rng(0).uniform(0, 255, (1, 32, 32, 3))
    still, moved = backbone(image), backbone(np.roll(image, (32, 32), axis=(1, 2)))
    # C2 and C3 alone see little enough that the padding does not reach the middle.
    for level, cells in (("C2", 8), ("C3", 4)):
        at = 80 * cells // 32
        expected = np.asarray(still[level])[:, at : at + 2, at : at + 2]
        found = np.asarray(moved[level])[:, at + cells : at + cells + 2, at + cells : at + cells + 2]
        assert np.std(expected) > 0.1
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
