"""The fused batch normalization equals Keras' own, forward, backward and in its statistics."""

import keras
import numpy as np
import pytest
from keras import ops

from models.layers.batch_norm import BatchNormalization, with_fused_batch_norm
from tests.gradients import gradients, weight_gradients

IMAGES = np.random.default_rng(0).normal(2.0, 3.0, (4, 5, 6, 7)).astype("float32")
COTANGENT = np.random.default_rng(1).normal(size=IMAGES.shape).astype("float32")


def trained_once(layer):
    """Output, gradients of input, gamma and beta, and moving statistics after one call in training."""
    layer.build(IMAGES.shape)
    layer.gamma.assign(np.linspace(0.5, 2.0, 7))
    layer.beta.assign(np.linspace(-1.0, 1.0, 7))
    by_weight = weight_gradients(
        lambda: ops.sum(layer(IMAGES, training=True) * ops.convert_to_tensor(COTANGENT)), layer
    )
    moving = [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
    by_input = gradients(
        lambda inputs: ops.sum(layer(inputs, training=True) * ops.convert_to_tensor(COTANGENT)), IMAGES
    )
    return [ops.convert_to_numpy(layer(IMAGES, training=True)), *by_input, *by_weight, *moving]


def test_equals_keras():
    ours = trained_once(BatchNormalization(momentum=0.9))
    general = trained_once(keras.layers.BatchNormalization(momentum=0.9))
    for one, other in zip(ours, general, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-4, atol=2e-4)
    assert abs(ours[4].mean() - 0.1 * IMAGES.mean()) < 1e-3


@pytest.mark.parametrize("frozen", [True, False])
def test_moving_statistics_where_frozen_or_not_training(frozen):
    layer = BatchNormalization()
    layer.build(IMAGES.shape)
    layer.trainable = not frozen
    outputs = layer(IMAGES, training=frozen)
    np.testing.assert_allclose(ops.convert_to_numpy(outputs), IMAGES / np.sqrt(1 + layer.epsilon), rtol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), np.zeros(7))


def test_replaces_every_batch_norm_and_keeps_names():
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, name="conv")])
    network.add(keras.layers.BatchNormalization(name="norm", momentum=0.7))
    fused = with_fused_batch_norm(network)
    assert type(fused.get_layer("norm")) is BatchNormalization
    assert fused.get_layer("norm").momentum == 0.7
    assert [layer.name for layer in fused.layers] == [layer.name for layer in network.layers]


@pytest.mark.parametrize("option", ["renorm", "mask"])
def test_what_the_kernel_cannot_do_is_left_to_keras(option):
    mask = np.arange(5 * 6).reshape(1, 5, 6).repeat(4, 0) % 2 == 0 if option == "mask" else None
    ours, keras_own = (
        made(renorm=option == "renorm") for made in (BatchNormalization, keras.layers.BatchNormalization)
    )
    found, expected = (layer(IMAGES, training=True, mask=mask) for layer in (ours, keras_own))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_call_without_side_effects_has_none():
    network = keras.Sequential([keras.Input((5, 6, 7)), BatchNormalization(name="norm")])
    trained, others = (
        [v.value for v in group] for group in (network.trainable_variables, network.non_trainable_variables)
    )
    _, moved = network.stateless_call(trained, others, IMAGES, training=True)
    assert not np.asarray(network.get_layer("norm").moving_mean).any()
    assert np.abs(ops.convert_to_numpy(moved[0])).max() > 0.01
