import math
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from models.backbones.applications.mobilenet import mobilenet_v2
from models.backbones.architecture import NormalizeImages
from models.backbones.build import STRIDES
from models.backbones.config import BackboneConfig
from models.backbones.table import BACKBONES
from tests.gradients import weight_gradients
from tests.models.backbones.built import build_backbone
from tests.models.layer_contract import check_bfloat16, check_config, check_saved_weights, check_single_equals_batch
from utils.registry import load_object

NAMES = ("mobilenet_v2", "efficientnet_b0", "resnet50_v1")
SIZE = (75, 100)
SHARED = Path(__file__).parents[4] / "shared"
PREPROCESSING = {
    "mobilenet_v2": keras.applications.mobilenet_v2.preprocess_input,
    "resnet50_v1": keras.applications.resnet50.preprocess_input,
    "efficientnet_b0": lambda x: keras.applications.imagenet_utils.preprocess_input(x, mode="torch"),
}


def build(name="mobilenet_v2", size=SIZE, **values):
    """As for weights that were trained: frozen as the config says."""
    return build_backbone(BackboneConfig(name=name, **values), size, None if "weights" in values else True)


def images(batch=2, size=SIZE, seed=0):
    return np.random.default_rng(seed).uniform(0, 255, (batch, *size, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def networks():
    return {name: build(name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_features_have_the_declared_strides(networks, name):
    features = networks[name](images())
    assert list(features) == ["C2", "C3", "C4", "C5"]
    for level, feature in features.items():
        feature = ops.convert_to_numpy(feature)  # noqa: PLW2901
        assert feature.shape[:3] == (2, math.ceil(75 / STRIDES[level]), math.ceil(100 / STRIDES[level]))
        assert np.isfinite(feature).all() and np.std(feature) > 0


def test_a_backbone_may_be_named_by_its_dotted_path():
    own = build("models.backbones.applications.mobilenet:mobilenet_v2")
    named = build("mobilenet_v2")
    own.set_weights(named.get_weights())
    for level, feature in named(images()).items():
        np.testing.assert_array_equal(own(images())[level], feature)


def test_the_momentum_of_batch_norm_is_that_of_the_config():
    layers = build(batch_norm_momentum=0.75)._flatten_layers()
    norms = [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(norms) == 52
    assert {norm.momentum for norm in norms} == {0.75}


@pytest.mark.parametrize("name", NAMES)
def test_images_are_normalized_as_the_network_was_trained(networks, name):
    x = images()
    normalized = networks[name].get_layer("normalize_images")(x)
    np.testing.assert_allclose(normalized, PREPROCESSING[name](x.copy()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_features_are_those_of_the_application(networks, name):
    """The cut network gives what the whole one gives for images that Keras preprocessed."""
    architecture = load_object(BACKBONES[name])(BackboneConfig(name=name, weights=None))
    whole = architecture.make((*SIZE, 3))
    if name == "efficientnet_b0":
        whole = keras.Model(whole.get_layer("stem_conv_pad").input, whole.output)
    whole.set_weights(networks[name].get_weights())
    expected = whole(PREPROCESSING[name](images(1)), training=False)
    np.testing.assert_allclose(networks[name](images(1))["C5"], expected, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", NAMES[:2])
def test_names_are_stable_and_unique(networks, name):
    again = build(name)
    paths = [weight.path for weight in networks[name].weights]
    assert paths == [weight.path for weight in again.weights]
    assert len(set(paths)) == len(paths)
    layers = [[layer.name for layer in model._flatten_layers()] for model in (networks[name], again)]
    assert layers[0] == layers[1]


@pytest.mark.parametrize("name", NAMES)
def test_frozen_batch_norm_makes_training_equal_to_inference(networks, name):
    before = networks[name].get_weights()
    training, inference = networks[name](images(), training=True), networks[name](images(), training=False)
    for level in STRIDES:
        expected = ops.convert_to_numpy(inference[level])  # by another kernel, so they differ by rounding
        np.testing.assert_allclose(training[level], expected, rtol=1e-4, atol=1e-4 * expected.std())
    for ours, theirs in zip(networks[name].get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not [w.path for w in networks[name].trainable_weights if "gamma" in w.path or "beta" in w.path]


def test_trainable_batch_norm_follows_the_batches():
    backbone = build(alpha=0.35, batch_norm="trainable")
    moving = [weight for weight in backbone.weights if "moving" in weight.path]
    before = [np.array(ops.convert_to_numpy(weight)) for weight in moving]
    training, inference = backbone(images(), training=True), backbone(images(), training=False)
    assert not np.allclose(training["C4"], inference["C4"])
    assert all(not np.array_equal(old, new) for old, new in zip(before, moving, strict=True))


@pytest.mark.parametrize(
    ("frozen", "first"),
    [(0, "Conv1"), (1, "block_1_expand"), (4, "block_13_expand"), (5, None)],
)
def test_frozen_stages_end_where_the_next_begins(frozen, first):
    backbone = build(alpha=0.35, frozen_stages=frozen, batch_norm="trainable")
    names = [weight.path.split("/")[-2] for weight in backbone.trainable_weights]
    assert (names[0] if names else None) == first


def test_frozen_stages_keep_their_statistics_while_the_others_learn():
    backbone = build(alpha=0.35, frozen_stages=3, batch_norm="trainable")
    before = {weight.path: np.array(ops.convert_to_numpy(weight)) for weight in backbone.weights}
    found = weight_gradients(
        lambda: sum(ops.sum(ops.square(feature)) for feature in backbone(images(), training=True).values()), backbone
    )
    weights = backbone.trainable_weights
    for weight, gradient in zip(weights, found, strict=True):
        weight.assign_sub(0.1 * gradient)
    moved = {path.split("/")[-2] for path, old in before.items() if not np.array_equal(old, _find(backbone, path))}
    assert moved == {w.path.split("/")[-2] for w in weights}
    assert "block_5_project_BN" not in moved and "block_6_expand_BN" in moved


def _find(backbone, path):
    return next(weight for weight in backbone.weights if weight.path == path)


def test_contract_of_a_layer(tmp_path):
    def make():
        return build(alpha=0.35, size=(64, 64))

    backbone, x = make(), images(2, (64, 64))
    reference = [ops.convert_to_numpy(feature) for feature in backbone(x).values()]
    check_saved_weights(make, backbone, x, reference, tmp_path / "backbone.weights.h5")
    check_config(backbone, x, reference)
    check_single_equals_batch(backbone, x, reference, 1e-3)
    check_bfloat16(make, backbone, x, reference)


def test_normalization_is_in_float32_under_every_policy():
    layer = NormalizeImages((100.0, 110.0, 120.0), (2.0, 4.0, 5.0), bgr=True, dtype="mixed_bfloat16")
    pixel = np.array([[[[1.125, 118.0, 101.5]]]], np.float32)
    np.testing.assert_array_equal(layer(pixel), [[[[0.75, 2.0, np.float32(-23.775)]]]])


def test_whole_numbers_are_taken_too(networks):
    x = images().astype(np.uint8)
    whole, real = networks["mobilenet_v2"](x), networks["mobilenet_v2"](x.astype(np.float32))
    np.testing.assert_array_equal(whole["C5"], real["C5"])


def test_wrong_sizes_and_wrong_stages_are_errors(monkeypatch):
    with pytest.raises(ValueError, match=r"image_size \(31, 64\); a backbone needs 32 pixels"):
        build(size=(31, 64))
    architecture = mobilenet_v2(BackboneConfig(weights=None))
    stages = (*architecture.stages[:1], "block_5_add", *architecture.stages[2:])
    wrong = type(architecture)(make=architecture.make, stages=stages, pixels=architecture.pixels)
    monkeypatch.setattr("models.backbones.applications.mobilenet.mobilenet_v2", lambda config: wrong)
    with pytest.raises(ValueError, match=r"C2 is \(8, 8\) .* stride 4 gives \(16, 16\)"):
        build(size=(64, 64))


def test_imagenet_features_tell_breeds_apart():
    """Local weights are meaningful: a linear classifier on features of real images knows animals it never saw."""
    weights = SHARED / "weights" / "mobilenet_v2_imagenet_notop.weights.h5"
    folder = SHARED / "data" / "pets" / "images"
    if not (weights.is_file() and folder.is_dir()):
        pytest.skip("needs the ImageNet weights and the pets of ../shared")
    cv2 = pytest.importorskip("cv2")
    breeds = ("Siamese", "Bengal", "pug", "samoyed")
    files = [file for breed in breeds for file in sorted(folder.glob(f"{breed}_*.jpg"))[:20]]
    images = np.stack([cv2.resize(cv2.imread(str(file)), (128, 128))[..., ::-1] for file in files])
    labels = np.repeat(np.eye(4), 20, axis=0)
    backbone = build(size=(128, 128), weights=str(weights))
    features = {level: ops.convert_to_numpy(feature) for level, feature in backbone(images).items()}
    assert all(np.isfinite(feature).all() for feature in features.values())
    assert np.mean(features["C5"] >= 6) < 0.1, "ReLU6 is saturated"
    assert 0.05 < np.mean(features["C5"] > 0) < 0.6, "features are dead, or none is selective"
    c5 = features["C5"].mean((1, 2))
    odd = np.arange(len(c5)) % 2 == 1
    x = np.c_[(c5 - c5[odd].mean(0)) / (c5[odd].std(0) + 1e-6), np.ones(len(c5))]
    solution = x[odd].T @ np.linalg.solve(x[odd] @ x[odd].T + 50 * np.eye(odd.sum()), labels[odd])
    assert np.mean((x[~odd] @ solution).argmax(1) == labels[~odd].argmax(1)) >= 0.9
