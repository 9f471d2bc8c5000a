"""The configs that are compared, and a training of one."""

import json
from pathlib import Path

import pytest

from benchmarks.suggested.__main__ import heading, row
from benchmarks.suggested.runs import DEFAULTS, FITTED_TO_MACHINE, KINDS, SUGGESTED, Result, configs, train
from benchmarks.suggested.scenes import write_scene
from preparation.suggest import Machine
from utils.config import process_config
from utils.errors import UserError


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Kind → config of a small data set, from random weights."""
    section = write_scene("few-large", tmp_path_factory.mktemp("data") / "few-large", training=8, test=2)
    return configs("few-large", section, Machine(2, 16 << 30), None, steps=3)


def checked(config, folder):
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return process_config(path)


def test_all_have_the_same_backbone_batch_and_steps(found, tmp_path):
    assert tuple(found) == KINDS
    loaded = [checked(config, tmp_path) for config in found.values()]
    assert len({config.exp.name for config in loaded}) == 3
    shared = [
        (config.data.batch_size, config.trainer.max_steps, config.model.backbone.name, config.model.backbone.weights)
        for config in loaded
    ]
    assert set(shared) == {(1, 3, "mobilenet_v2", None)}
    assert all(config.trainer.epochs * 8 >= 3 for config in loaded)


def test_the_defaults_are_those_of_the_sections(found, tmp_path):
    config = checked(found[DEFAULTS], tmp_path)
    assert config.data.image_size == (320, 320) and config.data.max_objects == 8
    assert config.model.fpn.channels == 256 and config.model.rpn.anchor_sizes[0] == (32.0,)
    assert config.trainer.optimizer.name == "sgd"


def test_what_is_left_to_the_data_differs(found, tmp_path):
    fitted, suggested = (checked(found[kind], tmp_path) for kind in (FITTED_TO_MACHINE, SUGGESTED))
    assert fitted.data.image_size == suggested.data.image_size
    assert fitted.model.fpn.channels == suggested.model.fpn.channels
    assert fitted.model.backbone == suggested.model.backbone and fitted.trainer == suggested.trainer
    assert fitted.model.rpn.anchor_sizes[0] == (32.0,) and fitted.data.max_objects == 8
    assert suggested.model.rpn.anchor_sizes != fitted.model.rpn.anchor_sizes and suggested.data.max_objects < 8


def test_a_row_of_the_table():
    metrics = {"mask/AP": 0.25, "mask/AP50": None, "box/AP": 0.5, "box/AP50": 1.0}
    line = row("few-large", SUGGESTED, {"data": {"image_size": [96, 128]}}, Result(metrics, 61.6))
    assert line == "| few-large | suggested | 128×96 | 0.250 | – | 0.500 | 1.000 | 62 |"
    assert {text.count("|") for text in heading().splitlines()} == {line.count("|")}


@pytest.mark.slow
def test_a_training_gives_its_metrics(found, tmp_path):
    result = train(found[SUGGESTED], tmp_path)
    assert 0 <= result.metrics["mask/AP"] <= 1 and result.seconds > 0


def test_a_training_that_fails_names_its_output(found, tmp_path):
    broken = {**found[SUGGESTED], "model": {**found[SUGGESTED]["model"], "name": "none"}}
    with pytest.raises(UserError, match="exit code 2") as error:
        train(broken, tmp_path)
    log = str(error.value).rpartition("see ")[2].rstrip(".")
    assert "none" in Path(log).read_text()
