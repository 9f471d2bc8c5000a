"""Convolutions in groups equal Keras' own, forward and backward."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from models.layers import convolution
from models.layers.convolution import Conv2D
from tests.models.layer_contract import check_layer

ROOT = Path(__file__).resolve().parents[3]
IMAGES = np.random.default_rng(0).normal(size=(2, 9, 12, 48)).astype("float32")


def by_hand(x, kernel, groups, stride):
    """Group by group, a dense convolution each, padded by 1 on all sides where the side is 3."""
    inputs, kernels = np.split(x, groups, axis=-1), np.split(kernel, groups, axis=-1)
    pairs = zip(inputs, kernels, strict=True)
    return np.concatenate([np.asarray(ops.conv(a, b, strides=stride, padding="same")) for a, b in pairs], axis=-1)


@pytest.mark.parametrize(
    ("groups", "filters", "side", "stride"),
    [(1, 8, 3, 1), (3, 24, 3, 1), (6, 12, 3, 2), (12, 24, 1, 1), (24, 48, 3, 2), (48, 48, 5, 1), (48, 96, 3, 1)],
)
def test_equals_group_by_group(groups, filters, side, stride):
    layer = Conv2D(filters, side, strides=stride, groups=groups, padding="same", use_bias=False)
    layer.build(IMAGES.shape)
    expected = by_hand(IMAGES, np.asarray(layer.kernel), groups, stride)
    np.testing.assert_allclose(layer(IMAGES), expected, rtol=1e-4, atol=1e-5)


def test_equals_keras_with_its_weights():
    ours, theirs = (made(24, 3, strides=2, groups=6, padding="valid", activation="relu") for made in _both())
    for layer in (ours, theirs):
        layer.build(IMAGES.shape)
    assert [weight.shape for weight in ours.weights] == [weight.shape for weight in theirs.weights]
    ours.set_weights([np.asarray(theirs.kernel), np.linspace(-1, 1, 24)])
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(IMAGES), theirs(IMAGES), rtol=1e-4, atol=1e-5)


def _both():
    return Conv2D, keras.layers.Conv2D


@pytest.mark.parametrize("groups", [6, 48])
def test_contract_of_a_layer(groups, tmp_path):
    check_layer(lambda: Conv2D(48, 3, groups=groups, padding="same", name="conv"), IMAGES, tmp_path)


@pytest.mark.parametrize(("channels", "together"), [(4, 8), (8, 4), (24, 1), (48, 1)])
def test_groups_are_taken_together_up_to_the_width(channels, together):
    groups = 96 // channels
    assert convolution._divisor(groups, convolution.WIDTH // channels) == together


@pytest.mark.parametrize("groups", [1, 6, 48])
@pytest.mark.parametrize(("side", "stride", "border"), [(3, 2, 1), (7, 2, 3), (3, 1, 2)])
def test_a_border_is_zeros_around_the_image(groups, side, stride, border):
    """And the sizes that the layer promises are those it gives."""
    layer = Conv2D(48, side, strides=stride, groups=groups, border=border, use_bias=False)
    layer.build(IMAGES.shape)
    padded = np.pad(IMAGES, [(0, 0), (border, border), (border, border), (0, 0)])
    plain = Conv2D(48, side, strides=stride, groups=groups, use_bias=False)
    plain.build(padded.shape)
    plain.set_weights(layer.get_weights())
    expected = np.asarray(plain(padded))
    np.testing.assert_allclose(layer(IMAGES), expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape((None, *IMAGES.shape[1:])) == (None, *expected.shape[1:])


def test_a_border_is_for_valid_only():
    with pytest.raises(ValueError, match=r"Conv2D\(border=1\) takes padding='valid', received 'same'"):
        Conv2D(8, 3, border=1, padding="same")


def test_contract_of_a_layer_with_a_border(tmp_path):
    check_layer(lambda: Conv2D(8, 3, strides=2, border=1, name="conv"), IMAGES, tmp_path)


def test_contract_of_a_layer_with_groups_and_a_border(tmp_path):
    """Its gradients among it: TensorFlow's kernel has none for both at once."""
    check_layer(lambda: Conv2D(48, 3, groups=6, strides=2, border=1, name="conv"), IMAGES, tmp_path)


@pytest.mark.parametrize("groups", [1, 6, 48])
@pytest.mark.parametrize("rate", [2, 5])
def test_dilation_reads_the_cells_that_lie_apart(groups, rate):
    """By hand: a kernel with zeros between its values."""
    layer = Conv2D(48, 3, dilation_rate=rate, groups=groups, padding="same", use_bias=False)
    layer.build(IMAGES.shape)
    kernel = np.asarray(layer.kernel)
    spread = np.zeros((2 * rate + 1, 2 * rate + 1, *kernel.shape[2:]), np.float32)
    spread[::rate, ::rate] = kernel
    np.testing.assert_allclose(layer(IMAGES), by_hand(IMAGES, spread, groups, 1), rtol=1e-4, atol=1e-4)
    assert layer.compute_output_shape(IMAGES.shape) == IMAGES.shape


@pytest.mark.parametrize("groups", [1, 6])
def test_contract_of_a_dilated_layer(groups, tmp_path):
    check_layer(lambda: Conv2D(48, 3, dilation_rate=2, groups=groups, padding="same", name="conv"), IMAGES, tmp_path)


LEARN = """
import numpy as np, tensorflow as tf
from models.layers.convolution import Conv2D
from models.layers.native.tensorflow_conv import has_gradient

layer = Conv2D(8, 3, groups=2, padding="same")
layer.build((1, 5, 5, 8))

@tf.function
def gradient(x):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x))
    return tape.gradient(loss, layer.kernel.value)

print(has_gradient("float32", True, False), np.abs(gradient(tf.ones((1, 5, 5, 8)))).min())
"""


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a kernel of TensorFlow")
@pytest.mark.parametrize("onednn", ["0", "1"])
def test_groups_learn_with_onednn_and_without(onednn):
    environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
    done = subprocess.run(
        [sys.executable, "-c", LEARN], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    has_kernel, smallest = done.stdout.split()
    assert float(smallest) > 1  # each weight meets 16 ones at least
    if onednn == "0":
        assert has_kernel == "False"


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a kernel of TensorFlow")
def test_without_a_gradient_for_groups_they_are_taken_together(monkeypatch):
    from models.layers.native import tensorflow_conv  # noqa: PLC0415 - imports TensorFlow

    layer = Conv2D(48, 3, groups=6, padding="same")
    layer.build(IMAGES.shape)
    expected, merged = np.asarray(layer(IMAGES)), []
    monkeypatch.setattr(tensorflow_conv, "has_gradient", lambda dtype, groups, dilation: False)
    monkeypatch.setattr(Conv2D, "_merged", lambda self, *args, own=Conv2D._merged: merged.append(1) or own(self, *args))
    np.testing.assert_allclose(layer(IMAGES), expected, rtol=1e-4, atol=1e-5)
    assert merged
    dilated = Conv2D(48, 3, groups=6, padding="same", dilation_rate=2)
    dilated.build(IMAGES.shape)
    merged_output = np.asarray(dilated(IMAGES))
    monkeypatch.undo()
    np.testing.assert_allclose(merged_output, dilated(IMAGES), rtol=1e-4, atol=1e-5)
