"""A tracker is one class and one section: by dotted path, with no file of the template edited."""

import json
import logging
import sys
import time

import numpy as np
import pytest

from tests.toy.toy_run import toy_config
from utils.config import ConfigError, process_config
from utils.logger import Logger, LoggerConfig, isolated
from utils.logger.isolated import IsolatedWriter
from utils.logger.worker import Session
from utils.logger.writer import RunContext

TRACKER = "tests.utils.logger.file_tracker:FileTracker"


def config_of(tmp_path, **tracker):
    path = tmp_path / "toy.json"
    logger = {"comet": {"mode": "off"}, "trackers": [{"name": TRACKER, **tracker}]}
    path.write_text(json.dumps({**toy_config(tmp_path), "logger": logger}))
    return process_config(path)


def test_a_tracker_of_a_user_gets_all_that_a_run_logs(tmp_path):
    config = config_of(tmp_path, file="seen.txt")
    (tmp_path / "model.py").write_text("x = 1")
    parameters = {"a": {"b": 1}, "token": "s3cr3t"}
    with Logger(tmp_path / "run", config.logger, experiment_name="x", hyper_parameters=parameters) as logger:
        logger.graph("network")
        logger.code([tmp_path / "model.py"], tmp_path)
        logger.summarize(1, {"loss": 0.5, "note": "words", "overlay": np.zeros((8, 8, 3), np.uint8)}, "val")
        logger.artifact(tmp_path / "model.py", "model")
        logger.roll_back(1, "val")
    assert (tmp_path / "run/seen.txt").read_text().splitlines() == [
        "parameters {'a.b': 1}",
        "graph network",
        "code model.py x = 1",
        "values 1 val {'loss': 0.5} ['overlay'] {'note': 'words'}",
        f"artifact {tmp_path / 'model.py'} model",
        "roll_back 1 val",
        "close",
    ]
    assert logger.locations["File"] == str(tmp_path / "run/seen.txt")


def test_a_run_that_is_stopped_hurries_its_trackers(tmp_path):
    with pytest.raises(KeyboardInterrupt), Logger(tmp_path, config_of(tmp_path).logger, experiment_name="x"):
        raise KeyboardInterrupt
    assert (tmp_path / "tracked.txt").read_text().splitlines() == ["hurry", "close"]


def test_the_config_of_a_tracker_is_kept_with_the_run(tmp_path):
    config = config_of(tmp_path, file="seen.txt")
    config.save(tmp_path / "saved.json")
    assert process_config(tmp_path / "saved.json").logger == config.logger


@pytest.mark.parametrize(
    ("tracker", "message"),
    [
        ({"fil": "x"}, r"logger.trackers: .* entry 0, tests.utils.logger.file_tracker:FileTracker: fil: Extra inputs"),
        ({"file": 3}, r"file: Input should be a valid string"),
        ({"name": "tests.utils.logger.file_tracker:FileTrack"}, "did you mean FileTracker"),
        ({"name": None}, "entry 0 has no name"),
    ],
)
def test_a_wrong_tracker_is_an_error_of_the_config(tmp_path, tracker, message):
    with pytest.raises(ConfigError, match=message):
        config_of(tmp_path, **tracker)


class EchoSession(Session):
    """Writes what it gets to the file in its settings; `slow` seconds for each value."""

    def start(self, secret):
        if self.settings.get("refuse"):
            raise RuntimeError("no such server")
        self.line(f"secret {secret}")
        self.channel.report(f"my key is {secret}", "INFO", location="here")

    def scalars(self, step, scope, values):
        time.sleep(self.settings["slow"])
        self.line(f"{step} {scope} {values}")

    def image(self, step, name, png):
        self.line(f"{name} {len(png)} bytes")

    def graph(self, text):
        raise ValueError("too large")

    def finish(self):
        self.line("finished")
        return True

    def line(self, text):
        with open(self.settings["file"], "a", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text + "\n")


class Section:
    timeout_s, queue_size = 20.0, 1000


class Echo(IsolatedWriter):
    """A tracker that the template does not know, in a process of its own."""

    title = "Echo"
    session = "tests.utils.logger.test_trackers:EchoSession"

    def __init__(self, file, slow=0.0, timeout_s=20.0, queue_size=1000, **settings):
        section = Section()
        section.timeout_s, section.queue_size = timeout_s, queue_size
        super().__init__(RunContext(file.parent, "x"), section)
        path = {"PYTHONPATH": ":".join(filter(None, sys.path))}
        self.start({"file": str(file), "slow": slow, **settings}, "s3cr3t", path)

    def log(self, step, **values):
        from utils.logger.values import sort_values  # noqa: PLC0415

        self.write(step, "train", sort_values(values, LoggerConfig()), 0.0)


def test_an_isolated_tracker_gets_everything_in_order(tmp_path, caplog):
    with caplog.at_level(logging.INFO, "maskeras"):
        echo = Echo(tmp_path / "echo.txt")
        echo.log(1, loss=0.5, nan=float("nan"))
        echo.log(2, overlay=np.zeros((4, 4, 3), np.uint8), weights=np.arange(9.0))  # takes no histograms
        echo.graph("refused")
        echo.close()
    lines = (tmp_path / "echo.txt").read_text().splitlines()
    assert lines[:2] == ["secret s3cr3t", "1 train {'loss': 0.5, 'nan': nan}"]
    assert lines[2].startswith("train/overlay ") and lines[3:] == ["finished"]
    assert "my key is ***" in caplog.text and "s3cr3t" not in caplog.text
    assert "Echo: graph: ValueError: too large" in caplog.text
    assert echo.location == "here" and not echo._temporary.exists()


def test_a_slow_client_never_slows_the_training_and_is_given_up(tmp_path, caplog):
    echo = Echo(tmp_path / "echo.txt", slow=5, timeout_s=1, queue_size=3)
    start = time.perf_counter()
    for step in range(100):
        echo.log(step, loss=1.0, big="x" * 100_000)  # more than a pipe holds
    assert time.perf_counter() - start < 1
    with caplog.at_level(logging.WARNING, "maskeras"):
        echo.close()
    assert time.perf_counter() - start < 6
    assert caplog.text.count("Echo is too slow: 3 calls wait") <= 1 and "Echo: not finished after" in caplog.text
    assert echo._process.poll() is not None


def test_a_hurried_run_leaves_the_client_to_end_alone(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(isolated, "HURRY_S", 3.0)
    echo = Echo(tmp_path / "echo.txt", slow=3)
    echo.log(1, loss=1.0)
    echo.log(2, loss=1.0)
    echo.hurry()
    with caplog.at_level(logging.WARNING, "maskeras"):
        echo.close()
    assert "continues alone and ends within 20 s" in caplog.text
    echo._process.wait(20)
    assert (tmp_path / "echo.txt").read_text().splitlines()[-1] == "finished"


def test_a_client_that_cannot_start_is_one_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "maskeras"):
        echo = Echo(tmp_path / "echo.txt", refuse=True)
        echo._process.wait(20)
        for step in range(10):
            echo.log(step, loss=1.0)
        echo.close()
    assert caplog.text.count("Echo is off: RuntimeError: no such server") == 1
    assert "incomplete" not in caplog.text
