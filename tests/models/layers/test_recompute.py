"""What is computed anew on the way back gives what is kept gives."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from models.backbones.build import build_backbone
from models.backbones.config import BackboneConfig
from models.layers.batch_norm import BatchNormalization
from models.layers.recompute import Recompute
from tests.gradients import weight_gradients
from tests.models.layer_contract import check_layer
from utils.errors import UserError

PICTURES = np.random.default_rng(0).normal(1.0, 2.0, (3, 8, 8, 4)).astype("float32")


def part():
    keras.utils.clear_session()  # else the seed generator of the dropout has another name each time
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 4))
    x = BatchNormalization(name="norm")(layers.Conv2D(6, 3, name="first")(inputs))
    x = layers.Dropout(0.5, seed=3, name="dropout")(layers.ReLU(name="relu")(x))
    return keras.Model(inputs, layers.Conv2D(5, 1, name="second")(x), name="part")


def trained(layer, inputs=PICTURES):
    """Gradients, and all that is not trained after one call in training, both {path: value}."""

    def loss():
        outputs = layer(inputs, training=True)
        return sum(ops.sum(ops.sin(output)) for output in keras.tree.flatten(outputs))

    found = weight_gradients(loss, layer)
    gradients = {weight.path: gradient for weight, gradient in zip(layer.trainable_weights, found, strict=True)}
    return gradients, {v.path: np.array(ops.convert_to_numpy(v)) for v in layer.non_trainable_variables}


def assert_same(ours, general, tolerance=1e-5):
    for mine, theirs in zip(ours, general, strict=True):
        assert list(mine) == list(theirs)
        for path, value in mine.items():
            np.testing.assert_allclose(value, theirs[path], rtol=tolerance, atol=tolerance * np.abs(value).max())


def test_contract(tmp_path):
    check_layer(lambda: Recompute(part(), name="recompute"), PICTURES, tmp_path)


def test_gradients_statistics_and_dropout_are_those_of_the_part():
    ours, general = trained(Recompute(part())), trained(part())
    assert_same(ours, general)
    statistics = ours[1]["norm/moving_mean"]
    assert np.abs(statistics).max() > 0, "one update, and no second one, is what was compared"


def test_inference_changes_nothing():
    layer = Recompute(part())
    before = [np.array(ops.convert_to_numpy(variable)) for variable in layer.variables]
    np.testing.assert_array_equal(layer(PICTURES, training=False), layer.part(PICTURES, training=False))
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)


def test_the_inside_is_computed_twice():
    calls = []

    class Counting(layers.Dense):
        def call(self, inputs, training=None):
            calls.append(training)
            return super().call(inputs)

    inputs = keras.Input((4,))
    layer = Recompute(keras.Model(inputs, Counting(2)(inputs)))
    calls.clear()
    layer(np.ones((2, 4), "float32"), training=False)
    assert len(calls) == 1
    calls.clear()
    if keras.backend.backend() == "jax":  # runs Python once and the operations twice
        import jax  # noqa: PLC0415 - not installed everywhere

        values = [variable.value for variable in layer.variables]
        step = jax.make_jaxpr(lambda values, x: layer.stateless_call(values, [], x, training=True))
        assert "remat" in str(step(values, np.ones((2, 4), "float32")))
    else:
        trained(layer, np.ones((2, 4), "float32"))
        assert len(calls) == 2


@pytest.mark.parametrize("stages", [2, 5])
def test_a_backbone_with_recomputed_stages_is_the_same_network(stages):
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")

    def build(recomputed):
        keras.utils.set_random_seed(1)
        config = BackboneConfig(
            name="mobilenet_v2", alpha=0.35, weights=None, batch_norm="trainable", recomputed_stages=recomputed
        )
        return build_backbone(config, (64, 64))

    ours, general = build(stages), build(0)
    assert sum(isinstance(layer, Recompute) for layer in ours._flatten_layers()) == stages
    assert [weight.path for weight in ours.weights] == [weight.path for weight in general.weights]
    for level, feature in general(pictures).items():
        np.testing.assert_allclose(ours(pictures)[level], feature, rtol=1e-5, atol=1e-5)
    assert_same(trained(ours, pictures), trained(general, pictures), tolerance=1e-3)


def test_frozen_stages_may_be_among_the_recomputed():
    config = BackboneConfig(name="mobilenet_v2", alpha=0.35, frozen_stages=2, recomputed_stages=3)
    backbone = build_backbone(config, (64, 64), trained=True)
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    gradients, _ = trained(backbone, pictures)
    assert next(iter(gradients)).startswith("block_3_")
    assert all(np.abs(gradient).max() > 0 for gradient in gradients.values())


def test_stages_that_share_more_than_a_feature_are_refused():
    """In ResNet V2 the shortcut leaves before the activation that the feature is taken from."""
    config = BackboneConfig(name="resnet50_v2", weights=None, recomputed_stages=2)
    with pytest.raises(UserError, match=r"recomputed_stages: resnet50_v2 passes more .* Recompute fewer, or 0"):
        build_backbone(config, (64, 64))
    assert build_backbone(config.model_copy(update={"recomputed_stages": 1}), (64, 64)) is not None
