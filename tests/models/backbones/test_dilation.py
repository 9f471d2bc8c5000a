"""A dilated network has the same weights, and its features those of the network itself between others."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models.backbones.build import AUXILIARY, BackboneBuilder
from models.backbones.config import BackboneConfig
from models.backbones.dilation import dilated
from models.backbones.resnet import VARIANTS, Variant
from models.backbones.table import BACKBONES
from tests.models.weights.torchvision_states import SMALL
from utils.errors import UserError

SIZE = (65, 97)
"""Odd, and so are its halves down to 5 and 7: strided layers then pad on both sides alike."""

EXACT = {
    "resnet50": (8, 16),
    "mobilenet_v2": (8, 16),
    "convnext_tiny": (16,),  # the kernel of what halves has two cells: dilated it has no middle
    "efficientnet_b0": (8, 16),
    "mobilenet_v3_large": (8, 16),
    "xception": (16,),  # halves by poolings, which are not dilated
    "resnet50_v1": (8, 16),
    "resnet50_v2": (8, 16),
    "efficientnet_v2_b0": (8, 16),
    "densenet121": (16,),
    "vgg16": (16,),
}
"""Backbone → output strides at which nothing but what is between the cells is new."""
QUICK = ("resnet50", "mobilenet_v2")
SIZES = {"mobilenet_v2": 0.35}


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setitem(VARIANTS, "resnet50", Variant(**SMALL))


def builder(name, output_stride, size=SIZE, **values):
    options = {"alpha": SIZES[name]} if name in SIZES else {}
    config = BackboneConfig(
        name=name, weights=None, **options, **{k: values.pop(k) for k in ("gradient_checkpointing",) if k in values}
    )
    return BackboneBuilder(config, size, output_stride, **values)


def images(size=SIZE):
    return np.random.default_rng(0).uniform(0, 255, (1, *size, 3)).astype(np.float32)


def numpy(features):
    return {name: ops.convert_to_numpy(value) for name, value in features.items()}


def marked(name):
    return pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)


@pytest.mark.parametrize("name", [*map(marked, EXACT)])
def test_features_are_those_of_the_network_and_others_between(name, monkeypatch):
    # Squeeze and excitation averages over all cells, the new ones too, so it is held still.
    still = layers.GlobalAveragePooling2D
    monkeypatch.setattr(still, "call", lambda self, x: ops.zeros_like(ops.mean(x, (1, 2), self.keepdims)))
    strided = builder(name, 32).backbone
    _shake(strided)
    expected = numpy(strided(images()))
    for output_stride in EXACT[name]:
        dense = builder(name, output_stride).backbone
        assert [weight.path for weight in dense.weights] == [weight.path for weight in strided.weights]
        dense.set_weights(strided.get_weights())
        for level, feature in numpy(dense(images())).items():
            step = max(1, 2 ** int(level[1]) // output_stride)
            assert feature.shape[1:3] == tuple(-(-side // min(output_stride, 2 ** int(level[1]))) for side in SIZE)
            spread = expected[level].std()
            assert spread > 0
            np.testing.assert_allclose(feature[:, ::step, ::step], expected[level], rtol=1e-3, atol=1e-3 * spread)


def _shake(network):
    """No statistic keeps what it is made with."""
    generator = np.random.default_rng(0)
    for weight in network.weights:
        if weight.path.endswith(("moving_mean", "beta", "bias")):
            weight.assign(generator.normal(0, 0.1, weight.shape))


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(BACKBONES) - {"resnet101", "resnet152", "resnext101_32x8d"}))
def test_every_backbone_keeps_its_stride_at_any_size(name):
    size = (75, 100)
    for output_stride in (8, 16):
        for level, feature in builder(name, output_stride, size).backbone.output.items():
            stride = min(output_stride, 2 ** int(level[1]))
            assert feature.shape[1:3] == (-(-75 // stride), -(-100 // stride)), level
    keras.utils.clear_session(free_memory=True)


def rates(network):
    return {
        layer.name: layer.dilation_rate[0] for layer in network._flatten_layers() if hasattr(layer, "dilation_rate")
    }


def test_rates_of_a_resnet_are_torchvisions():
    """The first block of a stage keeps the rate of the stage before."""
    found = rates(builder("resnet50", 8, (64, 64)).backbone)
    assert {name: rate for name, rate in found.items() if rate > 1} == {"layer4_0_conv2": 2}
    found = rates(builder("resnext50_32x4d", 8, (64, 64)).backbone)
    dilated_ = {name: rate for name, rate in found.items() if rate > 1}
    assert dilated_ == {
        **{f"layer3_{block}_conv2": 2 for block in range(1, 6)},
        **{"layer4_0_conv2": 2, "layer4_1_conv2": 4, "layer4_2_conv2": 4},
    }


def test_rates_of_torchvisions_mobilenet_begin_with_the_layer_that_halved():
    found = rates(builder("mobilenet_v3_large_torchvision", 16, (64, 64)).backbone)
    assert {name: rate for name, rate in found.items() if rate > 1} == {
        f"features_{block}_block_1_0": 2 for block in (13, 14, 15)
    }


def test_the_auxiliary_feature_is_given_where_there_is_one_and_it_is_asked_for():
    made = builder("mobilenet_v3_large_torchvision", 16, (64, 64), auxiliary=True).backbone
    assert made.output[AUXILIARY].shape[1:] == (8, 8, 40)
    plain = builder("mobilenet_v3_large_torchvision", 16, (64, 64), gradient_checkpointing=2, auxiliary=True).backbone
    plain.set_weights(made.get_weights())
    ours, theirs = numpy(made(images((64, 64)))), numpy(plain(images((64, 64))))
    np.testing.assert_allclose(ours[AUXILIARY], theirs[AUXILIARY], rtol=1e-5, atol=1e-5)
    assert AUXILIARY not in builder("resnet50", 16, auxiliary=True).backbone.output


def test_a_stage_that_is_recomputed_cannot_give_it():
    with pytest.raises(UserError, match=r"gradient_checkpointing: mobilenet_v3_large_torchvision .*Recompute fewer"):
        builder("mobilenet_v3_large_torchvision", 16, (64, 64), gradient_checkpointing=3, auxiliary=True)


def test_a_dilated_network_is_recomputed_as_any_other():
    plain, recomputed = (builder("resnet50", 8, gradient_checkpointing=n).backbone for n in (0, 5))
    recomputed.set_weights(plain.get_weights())
    for level, feature in numpy(plain(images())).items():
        np.testing.assert_allclose(recomputed(images())[level], feature, rtol=1e-5, atol=1e-5)


def test_a_padding_that_is_not_known_is_an_error():
    x = inputs = keras.Input((64, 64, 3))
    for place in range(4):
        x = layers.Conv2D(2, 3, strides=2, padding="same", name=f"half{place}")(x)
    x = layers.Conv2D(2, 3, padding="valid", name="cuts")(x)
    with pytest.raises(ValueError, match="cuts must be dilated, but does not pad"):
        dilated(keras.Model(inputs, x), 8)
