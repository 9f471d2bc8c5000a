import json

import pytest

from models.mask_rcnn.config import MaskRCNNConfig
from utils.config import ConfigError, process_config

PLAIN = {
    "exp": {"name": "run"},
    "model": {"name": "mask_rcnn"},
    "data": {"name": "pets"},
    "trainer": {"name": "supervised"},
    "evaluator": {"name": "coco"},
}


@pytest.fixture
def read(tmp_path):
    """Reads the plain config with these overrides."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(PLAIN), encoding="utf-8")
    return lambda *overrides: process_config(path, overrides).model


def test_defaults_are_torchvisions(read):
    config = read()
    assert isinstance(config, MaskRCNNConfig)
    rpn, box, detect = config.rpn, config.box_head, config.detect
    assert (rpn.positive_iou, rpn.negative_iou, rpn.samples, rpn.positive_fraction, rpn.nms_iou) == (
        0.7,
        0.3,
        256,
        0.5,
        0.7,
    )
    assert (rpn.pre_nms_top_n_train, rpn.post_nms_top_n_train, rpn.pre_nms_top_n_eval, rpn.post_nms_top_n_eval) == (
        2000,
        2000,
        1000,
        1000,
    )
    assert (box.positive_iou, box.samples, box.positive_fraction) == (0.5, 512, 0.25)
    assert (rpn.delta_weights, box.delta_weights) == ((1, 1, 1, 1), (10, 10, 5, 5))
    assert rpn.low_quality_matches
    assert rpn.max_scale == box.max_scale == 1000 / 16
    assert rpn.smooth_l1_beta == box.smooth_l1_beta == 1 / 9
    assert (detect.score_threshold, detect.nms_iou, detect.max_detections) == (0.05, 0.5, 100)
    assert config.mask_samples == 128


def test_lists_of_the_config_become_tuples(read):
    config = read("model.rpn.anchor_sizes=[[8],[16],[32],[64],[128]]", "model.mask_head.channels=[8, 4]")
    assert config.rpn.anchor_sizes == ((8.0,), (16.0,), (32.0,), (64.0,), (128.0,))
    assert config.mask_head.channels == (8, 4)


def test_one_entry_of_anchor_sizes_for_each_level(read):
    with pytest.raises(ConfigError, match=r"model: .*rpn\.anchor_sizes has 5 entries, the pyramid 4 levels"):
        read("model.fpn.min_level=3")
    assert read("model.fpn.extra_level=false", "model.rpn.anchor_sizes=[[8],[16],[32],[64]]").fpn.levels == (2, 3, 4, 5)


def test_as_many_anchor_sizes_on_each_level(read):
    with pytest.raises(ConfigError, match=r"model: .*rpn\.anchor_sizes.*\[1, 2, 1, 1, 1\]"):
        read("model.rpn.anchor_sizes=[[8],[16, 20],[32],[64],[128]]")


def test_thresholds_of_anchors_in_order(read):
    with pytest.raises(ConfigError, match=r"model: .*negative_iou.*0\.8.*positive_iou.*0\.7"):
        read("model.rpn.negative_iou=0.8")
    assert read("model.rpn.negative_iou=0.7").rpn.negative_iou == 0.7


@pytest.mark.parametrize("part", ["rpn", "box_head"])
def test_samples_without_room_for_a_positive(read, part):
    with pytest.raises(ConfigError, match=rf"model\.{part}: .*samples 3 and positive_fraction 0\.3.*no positive"):
        read(f"model.{part}.samples=3", f"model.{part}.positive_fraction=0.3")
    assert getattr(read(f"model.{part}.samples=4", f"model.{part}.positive_fraction=0.25"), part).samples == 4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.detect.score_threshold=1.5", "model.detect.score_threshold"),
        ("model.box_head.samples=0", "model.box_head.samples"),
        ("model.box_head.delta_weights=[1,2,3]", "model.box_head.delta_weights"),
        ("model.box_head.sampels=4", "samples"),
        ("model.mask_head.pool_size=14.5", "model.mask_head.pool_size"),
        ("model.rpn.aspect_ratios=[]", "model.rpn.aspect_ratios"),
        ("model.rpn.aspect_ratios=[1,-2]", "model.rpn.aspect_ratios"),
        ("model.rpn.anchor_sizes=[[8],[],[32],[64],[128]]", "model.rpn.anchor_sizes.1"),
        ("model.box_head.delta_weights=[1,2,3,0]", "model.box_head.delta_weights"),
        ("model.mask_head.channels=[0]", "model.mask_head.channels"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(read, override, message):
    with pytest.raises(ConfigError) as caught:
        read(override)
    assert message in str(caught.value)


def test_nms_gets_enough_to_fill_the_detections(read):
    with pytest.raises(
        ConfigError, match=r"model\.detect: .*pre_nms_top_n is 99, fewer than the 100 of max_detections"
    ):
        read("model.detect.pre_nms_top_n=99")
    assert read("model.detect.pre_nms_top_n=99", "model.detect.max_detections=99").detect.pre_nms_top_n == 99
