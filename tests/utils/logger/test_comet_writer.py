"""The real client, without a server and with one that answers."""

import json
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.utils.logger.comet_archives import everything, make_config, messages, metrics
from utils.logger import Logger
from utils.logger.writers import comet


@pytest.fixture
def offline_run(tmp_path, tmp_path_factory, comet_key, caplog):
    """A run that logged everything there is, offline, with its key in many places."""
    run_dir = tmp_path / "run"
    for name, text in (("model.py", "print('model')\n"), ("leaky.py", f"KEY = '{comet_key}'\n")):
        (tmp_path / name).write_text(text)
    elsewhere = tmp_path_factory.mktemp("own") / "data.py"
    elsewhere.write_text("print('own')\n")
    parameters = {"trainer": {"lr": 0.1}, "comet_api_key": comet_key, "note": f"my {comet_key}"}
    config = make_config(mode="offline", project="pets")
    names = {"experiment_name": "first", "keys": {"comet": [comet_key]}, "tags": ["synthetic"]}
    with (
        caplog.at_level(logging.INFO, "maskeras"),
        Logger(run_dir, config, hyper_parameters=parameters, **names) as logger,
    ):
        logger.graph("the network")
        logger.code([tmp_path / "model.py", tmp_path / "leaky.py", elsewhere], tmp_path)
        logger.summarize(1, {"loss": 0.5, "nan": float("nan"), "h": np.arange(9.0), "t": "words"})
        logger.summarize(2, {"AP": 0.25, "overlay": np.zeros((8, 8, 3), np.uint8)}, scope="val")
    return run_dir, config, logger.locations["Comet"], caplog.text


def test_the_offline_archive_holds_everything_but_the_key(offline_run, comet_key, clean_environment):
    run_dir, _, location, log = offline_run
    (archive,) = (run_dir / "comet").glob("*.zip")
    assert location == str(archive)
    assert f"comet upload {archive}" in log
    assert "leaky.py is not logged" in log
    assert metrics(archive) == [("train", "loss", 1), ("train", "nan", 1), ("val", "AP", 2)]

    found = messages(archive)
    given = [
        item["payload"]["param"] for item in found if item["type"] == "parameter_msg" and "param" in item["payload"]
    ]
    named = {item["paramName"]: item["paramValue"] for item in given}
    assert (named["trainer.lr"], named["note"]) == (0.1, "my ***")
    uploads = {item["payload"]["upload_type"] for item in found if item["type"] == "file_upload"}
    assert uploads >= {"source_code", "visualization", "histogram3d", "text-sample"}
    assert [item["payload"]["graph"] for item in found if item["type"] == "graph"] == ["the network"]
    # Nothing of the machine: neither host name and system nor the repository, unless the config asks for it.
    assert {item["type"] for item in found} == {"metric_msg", "parameter_msg", "file_upload", "log_other", "graph"}
    others = {item["payload"]["key"]: item["payload"]["value"] for item in found if item["type"] == "log_other"}
    assert others["Name"] == "first"
    with zipfile.ZipFile(archive) as files:
        assert json.loads(files.read("experiment.json"))["tags"] == ["synthetic"]

    assert b"print('model')" in everything(run_dir)
    assert b"print('own')" in everything(run_dir)
    assert comet_key.encode() not in everything(run_dir)
    assert comet_key not in log
    assert list(clean_environment.iterdir()) == []


def test_a_resumed_offline_run_goes_on_with_its_experiment(offline_run):
    run_dir, config, location, _ = offline_run
    with Logger(run_dir, config, experiment_name="first", resume_step=1) as logger:
        logger.summarize(2, {"loss": 0.25})
    key = json.loads((run_dir / "comet_experiment.json").read_text())["experiment_key"]
    first, second = Path(location), Path(logger.locations["Comet"])
    assert {first, second} == set((run_dir / "comet").glob("*.zip"))
    assert first != second
    assert metrics(second) == [("train", "loss", 2)]
    for archive in (first, second):
        with zipfile.ZipFile(archive) as files:
            meta = json.loads(files.read("experiment.json"))
        assert (meta["offline_id"], meta["project_name"], meta["resume_strategy"]) == (key, "pets", "get_or_create")


def test_online_and_resumed(comet_server, tmp_path, comet_key, caplog):
    config = make_config(url=comet_server.url, timeout_s=20, project="pets")
    for resume_step in (None, 1):
        with (
            caplog.at_level(logging.INFO, "maskeras"),
            Logger(
                tmp_path, config, experiment_name="x", keys={"comet": [comet_key]}, resume_step=resume_step
            ) as logger,
        ):
            logger.summarize(2, {"loss": 0.125})
        key = logger.writers["comet"].experiment_key
        assert logger.locations["Comet"].endswith(f"/x/{key}")
    runs = [json.loads(body) for path, body in comet_server.requests if path.endswith("/logger/add/run")]
    assert {run["experimentKey"] for run in runs} == {key}
    assert {run["projectName"] for run in runs} == {"pets"}
    batches = [json.loads(body) for path, body in comet_server.requests if path.endswith("/experiment/metric")]
    values = [value for batch in batches for value in batch["values"] if value["metricName"] == "loss"]
    assert [(value["context"], value["metricValue"]) for value in values] == [("train", 0.125)] * 2
    assert list(tmp_path.glob("comet/*.zip")) == []
    assert comet_key.encode() not in everything(tmp_path)


def test_mode_online_without_a_key_is_a_warning(tmp_path, caplog):
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(tmp_path, make_config(mode="online"), experiment_name="x"),
    ):
        pass
    assert "there is no key" in caplog.text
    assert len(list(tmp_path.glob("comet/*.zip"))) == 1


def test_a_broken_key_file_starts_a_new_experiment(tmp_path, caplog):
    (tmp_path / "comet_experiment.json").write_text('{"experiment_key": "../x"}')
    with caplog.at_level(logging.WARNING, "maskeras"):
        key = comet.experiment_key(tmp_path, resume=True)
    assert "not readable" in caplog.text
    assert key == comet.experiment_key(tmp_path, resume=True)
    assert key != comet.experiment_key(tmp_path, resume=False)
