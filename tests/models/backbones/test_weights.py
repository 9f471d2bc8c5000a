import logging
import shutil

import h5py
import keras
import numpy as np
import pytest

from models.backbones.applications import common, convnext, efficientnet, mobilenet
from models.backbones.config import BackboneConfig
from models.backbones.weights import load_weights
from models.weights.errors import WeightsError
from tests.local_server import refusing, serving_folder
from tests.models.backbones.built import build_backbone_with_report

SHAPE = (32, 32, 3)
PUBLISHED = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


def small(weights, **values):
    return BackboneConfig(weights=weights, alpha=0.35, **values)


def network(config):
    architecture = mobilenet.mobilenet_v2(config)
    return architecture.make(SHAPE), architecture


@pytest.fixture(scope="module")
def original():
    """A network in which no two weights are equal by chance."""
    model, _ = network(small(None))
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.uniform(0.5, 1.5, weight.shape))
    return model


@pytest.fixture(scope="module")
def files(original, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    original.save_weights(folder / "new.weights.h5")
    original.save(folder / "old.h5")
    return folder


def load(config):
    model, architecture = network(config)
    return model, load_weights(model, config, architecture)


@pytest.mark.parametrize("name", ["new.weights.h5", "old.h5"])
def test_a_local_file_fills_every_weight(original, files, name):
    model, report = load(small(str(files / name)))
    for ours, theirs in zip(model.weights, original.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (report.source, report.arrays) == (files / name, len(original.weights))
    assert "all 260 weights" in str(report)


def remove_one_kernel(path):
    with h5py.File(path, "a") as file:
        del file["layers/conv2d_3/vars/0"]


def damage_one_array(path):
    with h5py.File(path, "a") as file:
        file["layers/batch_normalization_5/vars/2"][0] = np.nan


def cut_off(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    with h5py.File(path, "w"):
        pass


def number_for_names(path):
    with h5py.File(path, "a") as file:
        file.attrs["layer_names"] = 3


def claim_terabytes(path):
    with h5py.File(path, "a") as file:
        del file["layers/batch_normalization_5/vars/2"]
        file.create_dataset("layers/batch_normalization_5/vars/2", (1 << 40,), "f4", chunks=(1 << 10,))


def text_for_numbers(path):
    with h5py.File(path, "a") as file:
        shape = file["layers/conv2d_3/vars/0"].shape
        del file["layers/conv2d_3/vars/0"]
        file.create_dataset("layers/conv2d_3/vars/0", shape, h5py.string_dtype())


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (remove_one_kernel, "52 convolution kernels, the file 51"),
        (damage_one_array, "1 of 260 arrays got no finite values"),
        (cut_off, "truncated file"),
        (number_for_names, "not iterable"),
        (claim_terabytes, "bytes would become 4398"),
        (text_for_numbers, "."),
        (empty, "52 convolution kernels, the file 0"),
        (lambda path: path.write_text("not HDF5"), "signature not found"),
        (lambda path: path.write_text("<!DOCTYPE html>"), "it is a web page"),
    ],
)
def test_a_spoilt_file_is_an_error(files, tmp_path, spoil, reason):
    path = shutil.copy(files / "new.weights.h5", tmp_path / "spoilt.weights.h5")
    spoil(path)
    with pytest.raises(WeightsError, match=f"does not fit the backbone mobilenet_v2 .*{reason}"):
        load(small(str(path)))


def test_the_file_of_another_width_is_an_error(files):
    with pytest.raises(WeightsError, match=r"new.weights.h5.* \(alpha 0.5\).*give another path"):
        load(BackboneConfig(weights=str(files / "new.weights.h5"), alpha=0.5))


def test_a_file_that_leaves_a_layer_out_is_noticed_even_if_keras_is_silent(files, monkeypatch):
    monkeypatch.setattr(keras.Model, "load_weights", lambda self, path: None)
    with pytest.raises(WeightsError, match="260 of 260 arrays got no finite values"):
        load(small(str(files / "new.weights.h5")))


def test_a_missing_file_is_an_error_that_a_main_can_show(tmp_path):
    with pytest.raises(WeightsError, match=r'there is no file ".*none.h5" .*looked for in .*give the path') as error:
        load(small(str(tmp_path / "none.h5")))
    assert error.value.exit_code == 2


def test_kerass_checksum_of_convnext_is_a_sha256():
    checksum = convnext.convnext_tiny(BackboneConfig(name="convnext_tiny")).pretrained.checksum
    assert (checksum.label, len(checksum.digits)) == ("SHA-256", 64)


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Keras' publisher, refusing every connection; and an empty cache."""
    with refusing() as address:
        monkeypatch.setattr(common, "FILES", address)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        yield address


def test_without_a_network_training_starts_from_scratch_and_loudly(nowhere, caplog):
    config = small("imagenet", frozen_stages=3)
    with caplog.at_level(logging.INFO, "maskeras"):
        backbone, report = build_backbone_with_report(config, SHAPE[:2])
    assert report.fell_back and report.source is None
    assert all(layer.trainable for layer in backbone._flatten_layers())
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert "FROM SCRATCH" in warning and nowhere in warning and "refused" in warning
    assert "set model.backbone.weights to its path" in warning


def test_random_weights_are_never_frozen(caplog):
    """`weights: null` says the same as a download that failed, in one loud line."""
    with caplog.at_level(logging.INFO, "maskeras"):
        backbone, report = build_backbone_with_report(small(None, frozen_stages=3), SHAPE[:2])
    assert report.source is None and not report.fell_back
    assert all(layer.trainable for layer in backbone._flatten_layers())
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("model.backbone.weights is null. Training starts FROM SCRATCH: no stage is frozen")


@pytest.mark.parametrize("trained", [True, False])
def test_a_backbone_for_a_checkpoint_asks_for_no_weights(nowhere, caplog, trained):
    config = small("imagenet", required=True, frozen_stages=3)
    with caplog.at_level(logging.INFO, "maskeras"):
        backbone, report = build_backbone_with_report(config, SHAPE[:2], trained)
    assert report is None and not caplog.records
    assert all(layer.trainable for layer in backbone._flatten_layers()) == (not trained)


def test_required_weights_that_are_unavailable_are_an_error(nowhere):
    with pytest.raises(WeightsError, match=f"are unavailable: tried .*{nowhere}") as error:
        load(small("imagenet", required=True))
    assert error.value.exit_code == 2


def test_a_width_without_published_weights_is_an_error():
    config = BackboneConfig(weights="imagenet", alpha=0.6)
    with pytest.raises(WeightsError, match=r"no ImageNet weights .* alpha 0.6"):
        load(config)


def test_imagenet_weights_are_downloaded_once(original, files, tmp_path, monkeypatch):
    (tmp_path / "mobilenet_v2").mkdir()
    shutil.copy(files / "old.h5", tmp_path / "mobilenet_v2" / PUBLISHED)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with serving_folder(tmp_path) as server:
        monkeypatch.setattr(common, "FILES", server.address)
        model, report = load(small("imagenet"))
    np.testing.assert_array_equal(model.weights[0], original.weights[0])
    assert report.source == tmp_path / "home" / "models" / PUBLISHED
    assert load(small("imagenet"))[1] == report


def test_random_weights_stay_as_they_are():
    model, architecture = network(small(None))
    before = [np.array(keras.ops.convert_to_numpy(weight)) for weight in model.weights]
    report = load_weights(model, small(None), architecture)
    assert (report.source, report.arrays, str(report)) == (None, 0, "random weights")
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_an_efficientnet_for_other_images_is_an_error(tmp_path):
    config = BackboneConfig(name="efficientnet_b0", weights=str(tmp_path / "x.weights.h5"))
    architecture = efficientnet.efficientnet(config)
    model = architecture.make(SHAPE)
    model.save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(WeightsError, match=r"its normalization has mean \[0.0, 0.0, 0.0\]"):
        load_weights(model, config, architecture)
    norm = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    published = [np.array(common.IMAGENET_MEAN), np.array(common.IMAGENET_STD)]
    norm.set_weights([*published, *norm.get_weights()[2:]])
    model.save_weights(tmp_path / "x.weights.h5")
    assert load_weights(model, config, architecture).source == tmp_path / "x.weights.h5"
