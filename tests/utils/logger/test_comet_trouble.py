"""The real client, with servers that refuse, hang or fall silent, and with runs and processes that end early."""

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.utils.logger.comet_archives import everything, make_config, metrics, metrics_written, wait_for
from utils.logger import Logger, isolated

ROOT = Path(__file__).resolve().parents[3]


PROGRAM = """
import json, logging, sys, time
from pathlib import Path
import numpy as np
from utils.logger import Logger, LoggerConfig
logging.basicConfig()
run_dir, config, key = Path(sys.argv[1]), LoggerConfig.model_validate_json(sys.argv[2]), sys.stdin.read()
logger = Logger(run_dir, config, experiment_name="x", keys={"comet": [key]})
times = []
for step in range(100):
    start = time.perf_counter()
    logger.summarize(step, {"loss": 1.0, "image": np.zeros((64, 64, 3), np.uint8)})
    times.append(time.perf_counter() - start)
start = time.perf_counter()
logger.close()
close = time.perf_counter() - start
print(json.dumps({"median": sorted(times)[50], "max": max(times), "close": close}))
"""


def run_program(run_dir, config, key):
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(run_dir), config.model_dump_json()],
        cwd=ROOT, input=key, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr, time.perf_counter() - start


@pytest.mark.parametrize("server", ["refusing_url", "hanging_url"])
def test_an_unreachable_server_costs_the_training_nothing(server, request, tmp_path, comet_key):
    url = request.getfixturevalue(server)
    config = make_config(url=url, connect_timeout_s=2, timeout_s=25)
    times, errors, seconds = run_program(tmp_path / "run", config, comet_key)
    assert times["median"] < 0.01
    assert times["max"] < 0.5
    assert times["close"] < 27
    assert seconds < 40
    assert errors.count("COMET IS NOT REACHABLE") == 1
    (archive,) = (tmp_path / "run" / "comet").glob("*.zip")
    assert metrics(archive) == [("train", "loss", step) for step in range(100)]
    assert comet_key.encode() not in everything(tmp_path)
    assert comet_key not in errors


def log_noise(logger):
    """Five steps with more in each than a pipe holds, 64 KiB: a process that waits for its server reads none."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    for step in range(5):
        logger.summarize(step, {"noise": noise, "loss": 0.5})


def test_closing_has_an_end_and_a_full_queue_drops_with_one_warning(hanging_url, tmp_path, comet_key, caplog):
    config = make_config(url=hanging_url, connect_timeout_s=60, timeout_s=1, queue_size=2)
    logger = Logger(tmp_path, config, experiment_name="x", keys={"comet": [comet_key]})
    with caplog.at_level(logging.WARNING, "maskeras"):
        log_noise(logger)
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 6
    assert caplog.text.count("Comet is too slow") == 1
    assert caplog.text.count("not finished after 1 s") == 1
    assert logger.writers["comet"]._process.poll() is not None
    assert not logger.writers["comet"]._temporary.exists()


@pytest.fixture
def stop_a_run(hanging_url, tmp_path, comet_key, caplog, monkeypatch):
    """A function that logs by a given one and is interrupted, while the server hangs."""
    monkeypatch.setattr(isolated, "HURRY_S", 2.5)

    def stopped(connect_timeout_s, log):
        config = make_config(url=hanging_url, connect_timeout_s=connect_timeout_s, timeout_s=40)
        with caplog.at_level(logging.WARNING, "maskeras"), pytest.raises(KeyboardInterrupt):  # noqa: SIM117
            with Logger(tmp_path, config, experiment_name="x", keys={"comet": [comet_key]}) as logger:
                log(logger)
                start = time.perf_counter()
                raise KeyboardInterrupt
        assert time.perf_counter() - start < 4
        assert logger.writers["comet"]._process.poll() is None
        return logger

    return stopped


def test_a_run_that_is_stopped_waits_a_little_and_its_archive_comes_later(stop_a_run, tmp_path, caplog):
    logger = stop_a_run(4, lambda logger: logger.summarize(1, {"loss": 0.5}))
    assert "continues alone and ends within 40 s" in caplog.text
    assert "LOST" not in caplog.text
    logger.writers["comet"]._process.wait(40)
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 1)]
    assert not logger.writers["comet"]._temporary.exists()


@pytest.mark.slow
def test_what_a_stopped_run_could_not_hand_over_is_told_and_the_rest_is_archived(stop_a_run, tmp_path, caplog):
    logger = stop_a_run(6, log_noise)
    assert caplog.text.count("THE REST OF WHAT WAS LOGGED IS LOST TO COMET") == 1
    assert "comet/" not in caplog.text
    logger.writers["comet"]._process.wait(40)
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 0)]


@pytest.mark.parametrize("queue_size", [2, 1000])
def test_a_process_that_reads_nothing_is_no_promise(tmp_path, caplog, monkeypatch, queue_size):
    monkeypatch.setattr(isolated, "HURRY_S", 2.5)
    deaf = [sys.executable, "-c", "import time; time.sleep(60)"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    monkeypatch.setattr(isolated, "start_process", lambda *_: subprocess.Popen(deaf, **pipes))
    logger = Logger(tmp_path, make_config(queue_size=queue_size), experiment_name="x")
    log_noise(logger)
    logger.writers["comet"].hurry()
    with caplog.at_level(logging.WARNING, "maskeras"):
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 4
    process = logger.writers["comet"]._process
    try:
        assert caplog.text.count("THE REST OF WHAT WAS LOGGED IS LOST TO COMET") == 1
        assert "comet/" not in caplog.text
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    logger.writers["comet"]._feeder.join(10)
    assert not logger.writers["comet"]._feeder.is_alive()


@pytest.mark.slow
def test_a_server_that_falls_silent_leaves_an_archive(comet_server, tmp_path, comet_key):
    config = make_config(url=comet_server.url, timeout_s=20)
    with Logger(tmp_path, config, experiment_name="x", keys={"comet": [comet_key]}) as logger:
        logger.summarize(1, {"loss": 0.5})
        wait_for(lambda: logger.locations.get("Comet"))
        comet_server.silent.set()
        logger.summarize(2, {"loss": 0.25})
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 1), ("train", "loss", 2)]


def test_a_killed_run_still_gets_its_archive(tmp_path):
    program = (
        "import os, signal, sys, time; from pathlib import Path; from utils.logger import Logger, LoggerConfig\n"
        "config = LoggerConfig.model_validate_json(sys.argv[2])\n"
        "logger = Logger(Path(sys.argv[1]), config, experiment_name='x')\n"
        "for step in range(3): logger.summarize(step, {'loss': 1.0})\n"
        "while logger.writers['comet']._queue.qsize(): time.sleep(0.01)\n"
        "time.sleep(0.5)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), make_config().model_dump_json()], cwd=ROOT, check=False
    )
    assert done.returncode == -signal.SIGKILL
    wait_for(lambda: any(zipfile.is_zipfile(path) and metrics_written(path) for path in tmp_path.glob("comet/*.zip")))
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 0), ("train", "loss", 1), ("train", "loss", 2)]


def test_a_process_that_dies_is_one_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "maskeras"):
        logger = Logger(tmp_path, make_config(queue_size=10_000), experiment_name="x")
        os.kill(logger.writers["comet"]._process.pid, signal.SIGKILL)
        logger.writers["comet"]._process.wait()
        for step in range(200):
            logger.summarize(step, {"loss": 1.0})
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 5
    assert caplog.text.count("ended early") == 1
    assert caplog.text.count("ended with code -9") == 1
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 200


def test_a_process_that_cannot_be_started_is_one_warning_and_leaves_nothing(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run/comet").write_text("no folder")
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(tmp_path / "run", make_config(mode="offline"), experiment_name="x") as logger,
    ):
        logger.summarize(1, {"loss": 0.5})
    assert caplog.text.count("Comet is off: its process could not be started") == 1
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len((tmp_path / "run/metrics.jsonl").read_text().splitlines()) == 1
