"""A run that is initialized from a whole Mask R-CNN, with the rows of the classes that both know."""

import hashlib
import logging

import numpy as np
import pytest

from base.batch import DataSpec
from base.initial_weights import InitialWeights, read_initial_weights
from base.variables import network_arrays
from models.backbones.config import BackboneConfig
from models.layers.config import FPNConfig
from models.mask_rcnn.config import BoxHeadConfig, MaskHeadConfig
from models.mask_rcnn.model import MaskRCNN
from models.weights import sources
from models.weights.config import PretrainedConfig
from models.weights.errors import WeightsError
from models.weights.torchvision import torchvision_arrays
from tests.local_server import refusing, serving_folder
from tests.models.mask_rcnn.dummy_batches import tiny_config
from tests.models.weights.torch_files import write_pth
from tests.models.weights.torchvision_states import SMALL, mask_rcnn_shapes, state, with_norms

SHAPES = {"channels": 8, "hidden": 16, "masks": 1, **SMALL}
SPECIES = {"cat": "cat", "dog": "dog"}
HEADS = ("box_head/logits", "box_head/deltas", "mask_head/logits")


@pytest.fixture(scope="module")
def source():
    return state(mask_rcnn_shapes(old_names=True, **SHAPES))


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    return write_pth(tmp_path_factory.mktemp("pretrained") / "coco.pth", source)


@pytest.fixture(autouse=True)
def _small(small_resnet):
    """Every network here has the small ResNet."""


def model(weights, classes=SPECIES, names=("cat", "dog"), start=None, **values):
    backbone = {"name": "resnet50", "weights": "imagenet", "required": True, "frozen_stages": 2}
    config = tiny_config(
        backbone=BackboneConfig(**{**backbone, **values.pop("backbone", {})}),
        fpn=FPNConfig(channels=8),
        box_head=BoxHeadConfig(hidden=values.pop("hidden", 16), samples=16, positive_fraction=0.5),
        mask_head=MaskHeadConfig(channels=(8,), upsample_channels=8),
        pretrained=PretrainedConfig(weights=str(weights), classes=classes, **values),
    )
    return MaskRCNN(config, DataSpec("instance", names, (64, 64), {"max_objects": 4}), start)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Nothing can be downloaded, and nothing was."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with refusing() as address:
        monkeypatch.setattr(sources, "TORCHVISION", address)
        yield address


def rows_of(values, width=1):
    """(…, classes · width) → (classes, …)."""
    return values.reshape(*values.shape[:-1], -1, width).transpose(-2, *range(values.ndim - 1), -1)


@pytest.mark.parametrize("recomputed", [0, 3])
def test_the_heads_keep_just_the_rows_of_cat_and_dog(no_network, source, file, recomputed):
    made = model(file, backbone={"gradient_checkpointing": recomputed})
    theirs, ours = torchvision_arrays(source), network_arrays(made.network)
    assert {name for name in theirs if name not in ours} == set()
    for name, value in theirs.items():
        if not name.startswith(HEADS):
            np.testing.assert_array_equal(ours[name], value)
    for leaf in ("kernel", "bias"):
        for layer, width, numbers in zip(HEADS, (1, 4, 1), ([0, 17, 18], [0, 17, 18], [16, 17]), strict=True):
            found, expected = (rows_of(values[f"{layer}/{leaf}"], width) for values in (ours, theirs))
            np.testing.assert_array_equal(found, expected[numbers])
    weight = source["roi_heads.box_predictor.cls_score.weight"]
    np.testing.assert_array_equal(ours["box_head/logits/kernel"].T, weight[[0, 17, 18]])
    weight = source["roi_heads.mask_predictor.mask_fcn_logits.weight"]
    np.testing.assert_array_equal(ours["mask_head/logits/kernel"][0, 0].T, weight[[17, 18], :, 0, 0])
    origin = f"resnet50 (all 121 weights from {file}; rows kept for cat, dog)"
    assert made.initial == InitialWeights(origin, pretrained=True)
    frozen = [layer.name for layer in made.network.backbone._flatten_layers() if not layer.trainable]
    assert "layer1_0_conv3" in frozen and "layer2_0_conv1" not in frozen


def test_a_class_without_an_entry_is_randomly_initialized_and_listed(no_network, source, file, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        made = model(file, names=("rabbit", "dog", "cat"))
    ours, theirs = network_arrays(made.network), torchvision_arrays(source)
    np.testing.assert_array_equal(ours["box_head/logits/bias"][[0, 2, 3]], theirs["box_head/logits/bias"][[0, 18, 17]])
    assert ours["box_head/logits/bias"][1] == 0 and ours["mask_head/logits/bias"][0] == 0
    assert 0 < np.abs(ours["box_head/logits/kernel"][:, 1]).max() < 0.1  # as it was drawn, with deviation 0.01
    assert "classes whose rows of the heads are randomly initialized: rabbit" in caplog.text
    assert made.initial.origin.endswith("; rows kept for dog, cat; new rows for rabbit)")


def test_without_a_mapping_only_the_heads_are_randomly_initialized(no_network, source, file, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        made = model(file, classes=None)
    ours, theirs = network_arrays(made.network), torchvision_arrays(source)
    np.testing.assert_array_equal(ours["box_head/fc6/kernel"], theirs["box_head/fc6/kernel"])
    assert not ours["box_head/logits/bias"].any() and not ours["box_head/deltas/bias"].any()
    assert "115 variables loaded" in caplog.text and "6 missing" in caplog.text
    assert made.initial.origin.startswith("resnet50 (115 of 121 weights from")


def test_what_has_another_shape_is_listed(no_network, file, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        model(file, classes=None, hidden=12)
    assert "box_head/fc6/kernel: (392, 16) → (392, 12)" in caplog.text
    assert "arrays have another shape here; these are randomly initialized" in caplog.text


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"classes": {"kitten": "cat"}}, 'received "kitten", which is no class of the data'),
        ({"hidden": 12}, r"box_head/logits/kernel is \(16, 91\), and COCO's rows for this network are \(12, 91\)"),
        (
            {"backbone": {"name": "mobilenet_v2"}},
            "does not fit the backbone mobilenet_v2: this file holds a ResNet of .* 4 channels",
        ),
    ],
)
def test_what_cannot_fit_is_an_error(no_network, file, values, reason):
    with pytest.raises(WeightsError, match=reason):
        model(file, **values)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda name, value: None if name.startswith("rpn") else value, "holds no Mask R-CNN"),
        (
            lambda name, value: value[:, 1:] if "fc6.weight" in name else value,
            "file.pth.* not as torchvision has them: .*fc6",
        ),
        (lambda name, value: None if "layer2.0.conv2" in name else value, "1 are missing .layer2_0_conv2/kernel"),
        (lambda name, value: value * np.nan if "fc7.bias" in name else value, "no finite values .* box_head/fc7/bias"),
        (lambda name, value: value[:80] if "cls_score" in name else value, r"logits/kernel is \(16, 80\), and COCO's"),
    ],
)
def test_a_spoilt_file_is_an_error(no_network, source, tmp_path, change, reason):
    changed = {name: change(name, value) for name, value in source.items()}
    path = write_pth(tmp_path / "file.pth", {name: value for name, value in changed.items() if value is not None})
    with pytest.raises(WeightsError, match=reason):
        model(path)


def test_another_detector_is_named(no_network, source, tmp_path):
    path = write_pth(tmp_path / "v2.pth", with_norms(source))
    with pytest.raises(WeightsError, match=r"is of another network than maskrcnn_resnet50_fpn: 6 arrays") as error:
        model(path)
    assert "rpn.head.conv.1.0" in str(error.value) or "roi_heads.box_head.5" in str(error.value)
    assert "model.backbone.name" not in str(error.value)


def test_arrays_by_name_are_the_same(no_network, source, tmp_path, file):
    np.savez(tmp_path / "coco.npz", **source)
    first, second = (network_arrays(model(path).network) for path in (file, tmp_path / "coco.npz"))
    first.pop("sampling_noise/seed_generator_state")
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value)


def test_unavailable_weights_fall_back_with_a_warning_to_those_of_the_backbone(no_network, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        made = model("coco", backbone={"weights": None})
    assert made.initial == InitialWeights("resnet50 (random weights)", pretrained=False)
    text = caplog.text
    assert "The weights of model.pretrained.weights are unavailable" in text and no_network in text
    assert "The backbone is initialized from model.backbone.weights instead" in text


def test_unavailable_weights_that_are_required_are_an_error(no_network):
    with pytest.raises(WeightsError, match=f"are unavailable: tried .*{no_network}.*refused.*set model.pretrained"):
        model("coco", required=True)


@pytest.mark.slow
def test_coco_by_its_name_is_downloaded_once_and_a_resume_fetches_nothing(monkeypatch, tmp_path, file):
    (tmp_path / "server").mkdir()
    content = file.read_bytes()
    name = f"coco-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (tmp_path / "server" / name).write_bytes(content)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setitem(sources.COCO, "coco", name)
    with serving_folder(tmp_path / "server") as server:
        monkeypatch.setattr(sources, "TORCHVISION", server.address)
        made = model("coco", required=True)
        (tmp_path / "server" / name).unlink()
        again = model("coco", required=True)
    assert made.initial.origin == again.initial.origin and str(tmp_path / "home/models" / name) in made.initial.origin
    made.init_saver(tmp_path / "checkpoints")
    made.save()
    (tmp_path / "home/models" / name).unlink()
    with refusing() as address:
        monkeypatch.setattr(sources, "TORCHVISION", address)
        resumed = model("coco", required=True, start=read_initial_weights(tmp_path / "checkpoints"))
    resumed.init_saver(tmp_path / "checkpoints")
    resumed.load()
    assert resumed.initial == made.initial and made.initial.pretrained
    for path, value in network_arrays(made.network).items():
        np.testing.assert_array_equal(network_arrays(resumed.network)[path], value)
    trained = [[weight.path for weight in one.network.trainable_weights] for one in (made, resumed)]
    assert trained[0] == trained[1]
