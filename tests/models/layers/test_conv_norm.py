import numpy as np
import pytest

from models.layers.conv_norm import EPSILON, ConvNorm
from tests.models.layer_contract import check_layer

FEATURES = np.random.default_rng(0).normal(size=(2, 6, 7, 8)).astype(np.float32)


@pytest.mark.parametrize("separable", [False, True])
def test_contract(separable, tmp_path):
    # The contract trains in between: with this momentum the statistics stay as they are.
    options = {"dilation": 2, "separable": separable, "momentum": 1.0}
    check_layer(lambda: ConvNorm(4, 3, **options, name="block"), FEATURES, tmp_path)


def test_it_is_convolved_normalized_and_cut_at_zero():
    layer = ConvNorm(2, 1)
    layer.build(FEATURES.shape)
    layer.norm.set_weights([np.float32(x) for x in ([2, 1], [0.5, -1], [0.1, 0.2], [4, 0.25])])
    convolved = FEATURES @ np.asarray(layer.conv.kernel)[0, 0]
    normalized = (convolved - [0.1, 0.2]) / np.sqrt(np.array([4, 0.25]) + EPSILON) * [2, 1] + [0.5, -1]
    np.testing.assert_allclose(layer(FEATURES, training=False), np.maximum(normalized, 0), rtol=1e-4, atol=1e-5)


def test_training_follows_the_batch_by_its_momentum():
    layer = ConvNorm(3, 1, momentum=0.75)
    layer.build(FEATURES.shape)
    layer(FEATURES, training=True)
    mean = (FEATURES @ np.asarray(layer.conv.kernel)[0, 0]).mean((0, 1, 2))
    np.testing.assert_allclose(layer.norm.moving_mean, 0.25 * mean, rtol=1e-4, atol=1e-5)


def test_separable_it_sees_as_far_with_few_weights():
    layer = ConvNorm(4, 3, dilation=2, separable=True, name="block")
    layer.build((None, 9, 9, 8))
    shapes = {weight.path: tuple(weight.shape) for weight in layer.trainable_weights if "kernel" in weight.path}
    assert shapes == {"block/depthwise/kernel": (3, 3, 1, 8), "block/conv/kernel": (1, 1, 8, 4)}
    image = np.zeros((1, 9, 9, 8), np.float32)
    base = np.asarray(layer(image))
    image[0, 4, 4] = 1
    seen = np.abs(np.asarray(layer(image)) - base).sum(-1)[0] > 0
    expected = np.zeros((9, 9), bool)
    expected[2:7:2, 2:7:2] = True
    assert seen.any() and not (seen & ~expected).any()
