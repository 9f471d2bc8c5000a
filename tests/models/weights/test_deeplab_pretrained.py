"""A run that is initialized from a whole DeepLabV3 of torchvision, with the rows of the classes that both know."""

import logging

import numpy as np
import pytest

from base.batch import DataSpec
from base.initial_weights import InitialWeights
from base.variables import network_arrays
from models.deeplab.config import DeepLabV3Config
from models.deeplab.model import DeepLabV3
from models.weights import sources
from models.weights.config import VocPretrainedConfig
from models.weights.design import DEEPLAB_V3
from models.weights.errors import WeightsError
from models.weights.fill import fill_backbone
from models.weights.sources import COCO_VOC
from models.weights.torchvision import torchvision_arrays
from models.weights.voc import ROWS, VOC_CLASSES
from tests.local_server import refusing
from tests.models.weights.torch_files import write_pth
from tests.models.weights.torchvision_states import SMALL, deeplab_shapes, mask_rcnn_shapes, resnet_shapes, state

SPECIES = {"cat": "cat", "dog": "dog"}
LOGITS = ("head/logits", "aux_head/logits")


@pytest.fixture(scope="module")
def source():
    return state(deeplab_shapes(channels=8, **SMALL))


@pytest.fixture(scope="module")
def file(source, tmp_path_factory):
    return write_pth(tmp_path_factory.mktemp("pretrained") / "voc.pth", source)


@pytest.fixture(autouse=True)
def no_network(small_resnet, monkeypatch, tmp_path):
    """Every network here has the small ResNet, nothing can be downloaded, and nothing was."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    with refusing() as address:
        monkeypatch.setattr(sources, "TORCHVISION", address)
        yield address


def model(weights, classes=SPECIES, names=("cat", "dog"), **values):
    backbone = {"name": "resnet50", "weights": values.pop("backbone", "imagenet"), "frozen_stages": 2}
    pretrained = {"weights": str(weights), "classes": classes, "required": values.pop("required", False)}
    section = {"backbone": backbone, "pretrained": pretrained, "aspp": {"channels": 8}, "head": {"channels": 8}}
    config = DeepLabV3Config.model_validate({**section, **values})
    return DeepLabV3(config, DataSpec("semantic", names, (64, 64)))


def test_the_heads_keep_just_the_rows_of_the_background_cat_and_dog(source, file):
    made = model(file)
    theirs, ours = torchvision_arrays(source), network_arrays(made.network)
    assert set(theirs) <= set(ours)
    for name, value in theirs.items():
        if name.startswith(LOGITS):
            np.testing.assert_array_equal(ours[name], value[..., [0, 8, 12]])
        else:
            np.testing.assert_array_equal(ours[name], value)
    weight = source["classifier.4.weight"]
    np.testing.assert_array_equal(ours["head/logits/kernel"][0, 0].T, weight[[0, 8, 12], :, 0, 0])
    number = len([name for name in source if "num_batches" not in name])
    origin = f"resnet50 (all {number} weights from {file}; rows kept for cat, dog)"
    assert made.initial == InitialWeights(origin, pretrained=True)
    frozen = [layer.name for layer in made.network.backbone._flatten_layers() if not layer.trainable]
    assert "layer1_0_conv3" in frozen and "layer2_0_conv1" not in frozen


def test_new_classes_and_no_classes(source, file, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        made = model(file, names=("rabbit", "dog"), classes={"dog": "dog"})
    bias = network_arrays(made.network)["aux_head/logits/bias"]
    np.testing.assert_array_equal(bias, source["aux_classifier.4.bias"][[0, 0, 12]] * [1, 0, 1])
    assert "classes whose rows of the heads are randomly initialized: rabbit" in caplog.text
    made = model(file, classes=None)
    assert not network_arrays(made.network)["head/logits/bias"].any()


def test_a_file_or_a_network_without_an_auxiliary_head(source, tmp_path, file, caplog):
    without = {name: value for name, value in source.items() if not name.startswith("aux")}
    made = model(write_pth(tmp_path / "voc.pth", without))
    ours = network_arrays(made.network)
    np.testing.assert_array_equal(ours["head/logits/bias"], source["classifier.4.bias"][[0, 8, 12]])
    assert not ours["aux_head/logits/bias"].any() and "7 missing" not in made.initial.origin
    made = model(file, aux_head=None)
    np.testing.assert_array_equal(network_arrays(made.network)["head/logits/bias"], ours["head/logits/bias"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda state: {k: v for k, v in state.items() if not k.startswith("classifier")},
            "holds no DeepLabV3 in torch",
        ),
        (lambda state: state_of_mask_rcnn(), "holds no DeepLabV3 in torchvision's names"),
        (
            lambda state: {**state, "classifier.0.convs.5.0.weight": np.zeros((1, 1, 1, 1), "f4")},
            "is of another network than deeplabv3_resnet50, .*: 1 arrays .*classifier.0.convs.5.0.weight",
        ),
        (lambda state: {k: v for k, v in state.items() if "layer2.0.conv2" not in k}, "1 are missing .layer2_0_conv2"),
        (
            lambda state: {**state, "classifier.4.weight": state["classifier.4.weight"][:20]},
            r"head/logits/kernel is \(1, 1, 8, 20\), and VOC's rows .* \(1, 1, 8, 21\).*VOC's 21 rows",
        ),
        (
            lambda state: {**state, "classifier.2.bias": state["classifier.2.bias"] * np.nan},
            "no finite values .*head/block0/norm/beta",
        ),
    ],
)
def test_another_file_is_an_error_that_says_which(source, tmp_path, change, reason):
    with pytest.raises(WeightsError, match=reason):
        model(write_pth(tmp_path / "file.pth", change(source)))


def state_of_mask_rcnn():
    return state(mask_rcnn_shapes(channels=8, hidden=16, masks=1, **SMALL))


def test_a_class_that_is_none_of_the_datas_is_an_error(file):
    with pytest.raises(WeightsError, match='received "kitten", which is no class of the data'):
        model(file, classes={"kitten": "cat"})


def test_unavailable_weights_fall_back_or_are_an_error(no_network, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        made = model("coco_voc", backbone=None)
    assert made.initial == InitialWeights("resnet50 (random weights)", pretrained=False)
    assert f"tried {no_network}" in caplog.text or no_network in caplog.text
    assert "deeplabv3_resnet50_coco-cd0a2569.pth" in caplog.text
    with pytest.raises(WeightsError, match=r"are unavailable: tried .*deeplabv3_resnet50_coco-cd0a2569.pth"):
        model("coco_voc", required=True)


def test_each_form_has_its_own_file():
    section = VocPretrainedConfig()
    for backbone, file in COCO_VOC.items():
        published = section.source(backbone)
        assert published.file == file and published.checksum.digits == file.removesuffix(".pth").rpartition("-")[2]
        section.check_backbone(backbone)
    assert VocPretrainedConfig(weights="a.pth").source("mobilenet_v2") == "a.pth"
    VocPretrainedConfig(weights="a.pth").check_backbone("mobilenet_v2")


def test_a_backbone_takes_its_weights_from_a_whole_network_and_from_a_classifier(source, tmp_path):
    made = model(write_pth(tmp_path / "voc.pth", source))
    report = fill_backbone(made.network.backbone, tmp_path / "voc.pth", "resnet50")
    assert {name.partition("/")[0] for name in report.unexpected} == {"aspp", "head", "aux_head"}
    classifier = state(resnet_shapes(**SMALL))
    fill_backbone(made.network.backbone, write_pth(tmp_path / "imagenet.pth", classifier), "resnet50")
    found = network_arrays(made.network)["layer4_0_conv3/kernel"]
    np.testing.assert_array_equal(found[0, 0].T, classifier["layer4.0.conv3.weight"][:, :, 0, 0])


def test_vocs_classes_by_their_rows():
    assert len(VOC_CLASSES) == ROWS - 1 == 20 and list(VOC_CLASSES.values()) == list(range(1, 21))
    assert [VOC_CLASSES[name] for name in ("aeroplane", "cat", "dog", "person", "tvmonitor")] == [1, 8, 12, 15, 20]
    assert DEEPLAB_V3.head_paths == tuple(f"{layer}/{leaf}" for layer in LOGITS for leaf in ("kernel", "bias"))
