import logging
from pathlib import Path

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata as hparams_metadata

from utils.logger import Logger, LoggerConfig
from utils.logger.writers.jsonl import read_metrics

QUIET = LoggerConfig.model_validate_json('{"comet": {"mode": "off"}}')


def steps(run_dir, scope="train"):
    accumulator = EventAccumulator(str(run_dir / "summaries" / scope), size_guidance={"scalars": 0})
    accumulator.Reload()
    return [event.step for event in accumulator.Scalars("loss")]


def run(run_dir, numbers, resume_step=None):
    with Logger(run_dir, QUIET, experiment_name="x", hyper_parameters={"a": 1}, resume_step=resume_step) as logger:
        logger.graph("network")
        for step in numbers:
            logger.summarize(step, {"loss": step * 1.0})
            logger.summarize(step, {"loss": step * 2.0}, scope="val")


def test_jsonl_and_tensorboard_agree_over_a_resume(tmp_path):
    run(tmp_path, range(5))
    run(tmp_path, range(3, 7), resume_step=2)
    lines = read_metrics(tmp_path / "metrics.jsonl")
    assert [(line["step"], line["scalars"]["loss"]) for line in lines if line["scope"] == "train"] == [
        (step, float(step)) for step in range(7)
    ]
    assert steps(tmp_path) == steps(tmp_path, "val") == list(range(7))
    assert not (tmp_path / "comet_experiment.json").exists()


def test_a_new_run_in_an_old_folder_starts_anew_and_says_so(tmp_path, caplog):
    run(tmp_path, range(3))
    with caplog.at_level(logging.WARNING, "maskeras"):
        run(tmp_path, range(1))
    assert "6 lines of an earlier run were dropped" in caplog.text
    assert steps(tmp_path) == [0]
    assert [line["step"] for line in read_metrics(tmp_path / "metrics.jsonl")] == [0, 0]


def test_graph_and_hyper_parameters_are_not_repeated_by_a_resume(tmp_path):
    run(tmp_path, range(3))
    run(tmp_path, range(3, 4), resume_step=2)
    accumulator = EventAccumulator(str(tmp_path / "summaries" / "train"))
    accumulator.Reload()
    assert len(accumulator.Tensors("network")) == 1
    assert len(accumulator.Tensors("_hparams_/session_start_info")) == 1


def test_the_key_comes_from_the_argument_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("COMET_API_KEY", "abcd1234")
    logger = Logger(tmp_path, QUIET, experiment_name="x")
    logger.close()
    assert logger._context.secrets == ()


def test_hyper_parameters_have_json_types_and_no_key(tmp_path):
    parameters = {"root": Path("data/abcd1234"), "token": "x", "cls_token": True}
    with Logger(tmp_path, QUIET, experiment_name="x", keys={"comet": ["abcd1234"]}, hyper_parameters=parameters):
        pass
    accumulator = EventAccumulator(str(tmp_path / "summaries" / "train"))
    accumulator.Reload()
    content = accumulator.summary_metadata[hparams_metadata.SESSION_START_INFO_TAG].plugin_data.content
    found = hparams_metadata.parse_session_start_info_plugin_data(content).hparams
    assert sorted(found) == ["cls_token", "root"]
    assert found["root"].string_value == "data/***"


def test_a_key_that_is_not_used_is_hidden_too(tmp_path):
    parameters = {"a": "abcd1234", "b": "abcd1234-and-more"}
    names = {"experiment_name": "x", "keys": {"comet": ["abcd1234", "abcd1234-and-more"]}}
    with Logger(tmp_path, QUIET, hyper_parameters=parameters, **names):
        pass
    accumulator = EventAccumulator(str(tmp_path / "summaries" / "train"))
    accumulator.Reload()
    content = accumulator.summary_metadata[hparams_metadata.SESSION_START_INFO_TAG].plugin_data.content
    found = hparams_metadata.parse_session_start_info_plugin_data(content).hparams
    assert {name: value.string_value for name, value in found.items()} == {"a": "***", "b": "***"}


def test_tensorboard_can_be_off(tmp_path):
    config = LoggerConfig.model_validate_json('{"comet": {"mode": "off"}, "tensorboard": {"enabled": false}}')
    with Logger(tmp_path, config, experiment_name="x", hyper_parameters={"a": 1}) as logger:
        logger.graph("network")
        logger.summarize(1, {"a": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.jsonl"]


@pytest.mark.parametrize("step", [-1, np.int64(-5)])
def test_wrong_step(tmp_path, step):
    with Logger(tmp_path, QUIET, experiment_name="x") as logger, pytest.raises(ValueError, match="step is -"):
        logger.summarize(step, {"a": 1})


@pytest.mark.parametrize("scope", ["", "../val", "a/b", "-x", "a b"])
def test_wrong_scope(tmp_path, scope):
    with Logger(tmp_path, QUIET, experiment_name="x") as logger, pytest.raises(ValueError, match="scope"):
        logger.summarize(1, {"a": 1}, scope)


def test_a_wrong_value_writes_nothing_anywhere(tmp_path):
    with Logger(tmp_path, QUIET, experiment_name="x") as logger, pytest.raises(ValueError, match="'bad'"):
        logger.summarize(1, {"good": 1, "bad": None})
    assert (tmp_path / "metrics.jsonl").read_bytes() == b""


def test_numpy_steps_and_a_second_close(tmp_path):
    logger = Logger(tmp_path, QUIET, experiment_name="x")
    logger.summarize(np.int64(3), {"a": 1})
    logger.close()
    logger.close()
    assert read_metrics(tmp_path / "metrics.jsonl")[0]["step"] == 3
    with pytest.raises(RuntimeError, match="closed"):
        logger.summarize(4, {"a": 1})


def test_negative_resume_step(tmp_path):
    with pytest.raises(ValueError, match="resume_step is -1"):
        Logger(tmp_path, QUIET, experiment_name="x", resume_step=-1)


def test_the_config_is_strict():
    with pytest.raises(ValueError, match="mode"):
        LoggerConfig.model_validate_json('{"comet": {"mode": "maybe"}}')
    with pytest.raises(ValueError, match="url"):
        LoggerConfig.model_validate_json('{"comet": {"url": "comet.example.org"}}')
    with pytest.raises(ValueError, match="Extra inputs"):
        LoggerConfig.model_validate_json('{"comets": {}}')
