"""A backbone from a file: each of its arrays, or an error that says whose file it is."""

import hashlib
import logging

import keras
import numpy as np
import pytest

from base.variables import network_arrays
from models.backbones.config import BackboneConfig
from models.backbones.resnet import VARIANTS
from models.layers.remat import Remat
from models.weights import fill, sources
from models.weights.errors import WeightsError
from models.weights.fill import without_epsilon
from models.weights.torchvision import torchvision_arrays
from tests.local_server import refusing, serving_folder
from tests.models.backbones.built import build_backbone_with_report
from tests.models.weights.test_files import write_safetensors
from tests.models.weights.torch_files import write_pth
from tests.models.weights.torchvision_states import SMALL, mask_rcnn_shapes, resnet_shapes, state, with_norms

SIZE = (32, 32)


@pytest.fixture(scope="module")
def source():
    return state(resnet_shapes(**SMALL))


def build(weights, **values):
    values = {"name": "resnet50", **values}
    return build_backbone_with_report(BackboneConfig(weights=str(weights), **values), SIZE)


def check_filled(backbone, source):
    expected = torchvision_arrays(source)
    values = network_arrays(backbone)
    assert set(values) <= set(expected) and len(values) == 85
    for path, value in values.items():
        np.testing.assert_array_equal(value, expected[path])


def write(path, arrays):
    if path.suffix == ".pth":
        return write_pth(path, arrays)
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return path
    kinds = {"f4": "F32", "i8": "I64"}
    return write_safetensors(path, {k: (kinds[v.dtype.str[1:]], v.shape, v.tobytes()) for k, v in arrays.items()})


@pytest.mark.parametrize("suffix", [".pth", ".npz", ".safetensors"])
def test_a_classifier_of_torchvision_fills_the_backbone(small_resnet, source, tmp_path, suffix):
    if suffix == ".safetensors":
        pytest.importorskip("safetensors")
    backbone, report = build(write(tmp_path / f"file{suffix}", source))
    check_filled(backbone, source)
    assert (report.source, report.arrays) == (tmp_path / f"file{suffix}", 85)
    assert str(report) == f"all 85 weights from {tmp_path / f'file{suffix}'}"


def test_our_own_names_are_taken_too(small_resnet, source, tmp_path):
    np.savez(tmp_path / "own.npz", **torchvision_arrays(source))
    check_filled(build(tmp_path / "own.npz")[0], source)


def test_a_whole_network_in_our_own_names_gives_its_backbone(small_resnet, tmp_path):
    """With all that a network of ours has, the random state of its sampling too."""
    whole = state(mask_rcnn_shapes(channels=2, hidden=2, pool=1, **SMALL))
    arrays = {**torchvision_arrays(whole), "sampling_noise/seed_generator_state": np.array([1, 2], np.uint32)}
    np.savez(tmp_path / "whole.npz", **arrays)
    backbone, report = build(tmp_path / "whole.npz")
    check_filled(backbone, whole)
    assert len(report.loaded.unexpected) == 43 and "sampling_noise/seed_generator_state" in report.loaded.unexpected


def test_another_detector_gives_its_backbone_too(small_resnet, tmp_path):
    whole = with_norms(state(mask_rcnn_shapes(channels=2, hidden=2, pool=1, **SMALL)))
    backbone, report = build(write_pth(tmp_path / "v2.pth", whole))
    check_filled(backbone, whole)
    assert "rpn.head.conv.1.0.weight" in report.loaded.unexpected


def test_a_whole_mask_rcnn_gives_its_backbone(small_resnet, tmp_path, caplog):
    whole = state(mask_rcnn_shapes(channels=2, hidden=2, pool=1, **SMALL))
    with caplog.at_level(logging.INFO, "maskeras"):
        backbone, report = build(write_pth(tmp_path / "whole.pth", whole))
    check_filled(backbone, whole)
    assert len(report.loaded.unexpected) == 42
    assert "42 arrays besides the backbone's are not used" in caplog.text


def without(source, *parts):
    return {name: value for name, value in source.items() if not any(part in name for part in parts)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: without(s, "layer3.0.bn2.running_var"), r"1 are missing \(layer3_0_bn2/moving_variance"),
        (lambda s: without(s, "layer4.0.conv3"), r"1 are missing \(layer4_0_conv3/kernel"),
        (
            lambda s: {**s, "conv1.weight": s["conv1.weight"][:, :1]},
            r"1 are of another shape \(conv1/kernel: \(7, 7, 1",
        ),
        (lambda s: {**s, "layer1.1.conv1.weight": s["layer1.0.conv1.weight"]}, "1 are not known .layer1_1_conv1"),
        (
            lambda s: {**s, "bn1.bias": np.full(64, np.nan, np.float32)},
            "1 of 85 arrays got no finite values .* bn1/beta",
        ),
        (lambda s: {}, "85 are missing"),
    ],
)
def test_a_file_that_does_not_fit_is_an_error(small_resnet, source, tmp_path, change, reason):
    with pytest.raises(WeightsError, match=f"does not fit the backbone resnet50 .*{reason}") as error:
        build(write_pth(tmp_path / "file.pth", change(source)))
    assert error.value.exit_code == 2


@pytest.mark.parametrize(("name", "other"), [("resnet50", "resnext50_32x4d"), ("mobilenet_v2", "resnet50")])
def test_the_file_of_another_backbone_says_whose_it_is(request, tmp_path, name, other):
    variant = VARIANTS[other]
    request.getfixturevalue("small_resnet")
    shapes = resnet_shapes(variant.depths, variant.groups, variant.group_width)
    zeros = {key: np.zeros(shape, np.float16) for key, shape in shapes.items()}
    path = write_pth(tmp_path / "file.pth", zeros)
    with pytest.raises(WeightsError, match=f"this file holds {other}; model.backbone.name is {name}; "):
        build(path, name=name)


@pytest.mark.parametrize("name", ["file.weights.h5", "file.h5"])
def test_the_file_of_another_application_says_whose_it_is(small_resnet, tmp_path, name):
    network = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(32, 32, 3), alpha=0.35)
    network.save_weights(tmp_path / name) if "weights" in name else network.save(tmp_path / name)
    with pytest.raises(WeightsError, match=r"holds mobilenet_v2; model.backbone.name is resnet50; .* has 17 .* 52"):
        build(tmp_path / name)


def test_batch_norm_without_an_epsilon_gives_the_same_with_one(small_resnet, tmp_path, monkeypatch):
    """torchvision sets the epsilon of its first COCO weights to 0; the digest of the file tells which they are."""
    whole = state(mask_rcnn_shapes(channels=2, hidden=2, pool=1, **SMALL))
    variance = np.geomspace(1e-9, 4, 64).astype(np.float32)
    whole["backbone.body.bn1.running_var"] = variance
    path = write_pth(tmp_path / "coco.pth", whole)
    digits = hashlib.sha256(path.read_bytes()).hexdigest()
    monkeypatch.setattr(fill, "_WITHOUT_EPSILON", sources.Checksum("sha256", digits[:8]))
    norm = build(path)[0].get_layer("resnet50").get_layer("bn1")
    inputs = np.random.default_rng(0).standard_normal((2, 3, 3, 64)).astype(np.float32)
    gamma, beta, mean = (whole[f"backbone.body.bn1.{leaf}"] for leaf in ("weight", "bias", "running_mean"))
    expected = gamma * (inputs - mean) / np.sqrt(variance) + beta
    np.testing.assert_allclose(norm(inputs, training=False), expected, rtol=2e-4, atol=1e-4)
    assert not np.allclose(gamma * (inputs - mean) / np.sqrt(variance + norm.epsilon) + beta, expected, rtol=0.1)
    monkeypatch.setattr(fill, "_WITHOUT_EPSILON", sources.Checksum("sha256", "0" * 64))
    np.testing.assert_array_equal(build(path)[0].get_layer("resnet50").get_layer("bn1").gamma, gamma)


@pytest.mark.parametrize("inside", [False, True])
def test_a_variance_of_zero_keeps_its_scale(inside):
    """Also inside a part that is recomputed."""
    inputs = keras.Input((1, 1, 2))
    network = keras.Model(inputs, keras.layers.BatchNormalization(epsilon=1e-3, name="bn")(inputs))
    network = keras.Model(inputs, Remat(network)(inputs)) if inside else network
    arrays = {"bn/gamma": np.array([2, 2], np.float32), "bn/moving_variance": np.array([0, 1e-3], np.float32)}
    np.testing.assert_allclose(without_epsilon(arrays, network)["bn/gamma"], [2, 2 * 2**0.5], rtol=1e-6)


@pytest.fixture
def published(source, tmp_path, monkeypatch):
    """torchvision's server, with two files of the small ResNet; Keras' cache elsewhere."""
    (tmp_path / "server").mkdir()
    for table, value in (
        (sources.IMAGENET, source),
        (sources.IMAGENET_V2, {**source, "bn1.bias": source["bn1.weight"]}),
    ):
        path = write_pth(tmp_path / "server" / "file.pth", value)
        digits = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
        monkeypatch.setitem(table, "resnet50", path.rename(path.with_name(f"resnet50-{digits}.pth")).name)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with serving_folder(tmp_path / "server") as server:
        monkeypatch.setattr(sources, "TORCHVISION", server.address)
        yield server


def test_imagenet_and_imagenet_v2_are_two_files(small_resnet, published, source, tmp_path):
    first, second = build("imagenet")[0], build("imagenet_v2")[0]
    check_filled(first, source)
    np.testing.assert_array_equal(second.get_layer("resnet50").get_layer("bn1").beta, source["bn1.weight"])
    assert {path.name for path in (tmp_path / "home/models").glob("*.pth")} == {
        sources.IMAGENET["resnet50"],
        sources.IMAGENET_V2["resnet50"],
    }


def test_an_address_is_fetched_once(small_resnet, published, source, tmp_path):
    address = f"{published.address}/{sources.IMAGENET['resnet50']}?download=true"
    backbone, report = build(address)
    check_filled(backbone, source)
    assert report.source.parent.parent == tmp_path / "home/models/addresses"
    (tmp_path / "server" / sources.IMAGENET["resnet50"]).unlink()
    check_filled(build(address)[0], source)


def test_an_address_that_refuses_falls_back_or_is_an_error(small_resnet, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with refusing() as address:
        with caplog.at_level(logging.WARNING, "maskeras"):
            assert build(f"{address}/file.pth")[1].fell_back
        with pytest.raises(WeightsError, match=f"are unavailable: .*{address}.*refused"):
            build(f"{address}/file.pth", required=True)
    assert "FROM SCRATCH" in caplog.text and "The weights of model.backbone.weights are unavailable" in caplog.text


def test_there_is_no_second_file_for_other_backbones():
    with pytest.raises(WeightsError, match=r'published for the backbone mobilenet_v2 with alpha 1.0 as "imagenet_v2"'):
        build("imagenet_v2", name="mobilenet_v2")
