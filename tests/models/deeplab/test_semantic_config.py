import json

import pytest
from pydantic import ValidationError

from models.deeplab.config import DeepLabV3Config, DeepLabV3PlusConfig, SemanticFPNConfig
from utils.registry import MODELS, resolve, resolve_config


def read(section, **values):
    return section.model_validate_json(json.dumps(values))


def test_defaults_are_torchvisions_and_the_papers():
    config = DeepLabV3Config()
    assert (config.aspp.channels, config.aspp.dropout, config.aspp.separable) == (256, 0.5, False)
    assert (config.head.channels, config.head.convolutions) == (256, 1)
    assert (config.aux_head.channels, config.aux_head.dropout) == (None, 0.1)
    assert (config.loss_weights.out, config.loss_weights.aux) == (1.0, 0.5)
    assert config.pretrained is None and config.output_stride == 16
    plus = DeepLabV3PlusConfig()
    assert plus.aspp.separable and plus.head.separable and plus.head.convolutions == 2
    assert (plus.decoder.feature, plus.decoder.channels) == ("C2", 48) and plus.aux_head is None
    fpn = SemanticFPNConfig()
    assert fpn.fpn.levels == (2, 3, 4, 5) and (fpn.merge.channels, fpn.merge.groups) == (128, 32)


@pytest.mark.parametrize("name", ["deeplab_v3", "deeplab_v3_plus", "semantic_fpn"])
def test_models_are_found_by_their_names(name):
    assert resolve_config(MODELS, name)().name == name
    assert resolve(MODELS, name).config_class is resolve_config(MODELS, name)


@pytest.mark.parametrize(
    ("section", "values", "message"),
    [
        (DeepLabV3Config, {"output_stride": 32}, "output_stride"),
        (DeepLabV3Config, {"aux_head": {"feature": "C6"}}, "aux_head.feature"),
        (DeepLabV3Config, {"loss_weights": {"aux": -1}}, "loss_weights.aux"),
        (DeepLabV3Config, {"asp": {}}, "Extra inputs"),
        (
            DeepLabV3Config,
            {"pretrained": {}},
            '"coco_voc", which is published for the backbones resnet50, resnet101, mobilenet_v3_large_torchvision, '
            "not for mobilenet_v2",
        ),
        (DeepLabV3Config, {"pretrained": {"weights": "coco"}}, 'received "coco"; write "coco_voc", or the path'),
        (DeepLabV3Config, {"pretrained": {"weights": "a.pth", "classes": {"cat": "kat"}}}, "no class of VOC; .* cat"),
        (DeepLabV3Config, {"pretrained": {"weights": "a.pth"}, "init_from": "runs/a"}, "leave the other out"),
        (DeepLabV3PlusConfig, {"pretrained": {}}, "Extra inputs"),
        (SemanticFPNConfig, {"fpn": {}}, "fpn.extra_level true: it is for anchors"),
        (SemanticFPNConfig, {"merge": {"channels": 20, "groups": 32}}, "20 channels in 32 groups"),
    ],
)
def test_wrong_values_are_named(section, values, message):
    with pytest.raises(ValidationError, match=message):
        read(section, **values)


def test_right_values_pass():
    config = read(DeepLabV3Config, backbone={"name": "resnet101"}, pretrained={"classes": {"pug": "dog"}})
    assert config.pretrained.weights == "coco_voc" and config.pretrained.classes == {"pug": "dog"}
    assert read(DeepLabV3Config, pretrained={"weights": "https://example.org/x.pth"}).pretrained.required is False
    assert read(DeepLabV3Config, aux_head=None).aux_head is None
