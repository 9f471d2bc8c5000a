"""The real client, against servers of our own and without any."""

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydantic import SecretStr

from utils.config.root import Config
from utils.logger import Logger, LoggerConfig, comet_process, comet_writer
from utils.logger.comet_patch import may_log_patch

ROOT = Path(__file__).resolve().parents[3]


def make_config(**comet):
    return LoggerConfig.model_validate_json(json.dumps({"tensorboard": {"enabled": False}, "comet": comet}))


def messages(archive):
    with zipfile.ZipFile(archive) as files:
        return [json.loads(line) for line in files.read("messages.json").splitlines()]


def metrics(archive):
    """(scope, name, step) of what was logged; the client's own figures have no scope."""
    found = [message["payload"] for message in messages(archive) if message["type"] == "metric_msg"]
    return [
        (item["context"], item["metric"]["metricName"], item["metric"]["step"]) for item in found if "context" in item
    ]


def everything(folder):
    """All bytes of a folder, archives unpacked."""
    data = b""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data += path.name.encode() + path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as files:
                data += b"".join(files.read(name) for name in files.namelist())
    return data


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
    names = {"experiment_name": "first", "comet_keys": [comet_key], "tags": ["synthetic"]}
    with (
        caplog.at_level(logging.INFO, "maskeras"),
        Logger(run_dir, config, hyper_parameters=parameters, **names) as logger,
    ):
        logger.graph("the network")
        logger.code([tmp_path / "model.py", tmp_path / "leaky.py", elsewhere], tmp_path)
        logger.summarize(1, {"loss": 0.5, "nan": float("nan"), "h": np.arange(9.0), "t": "words"})
        logger.summarize(2, {"AP": 0.25, "overlay": np.zeros((8, 8, 3), np.uint8)}, scope="val")
    return run_dir, config, logger.comet_location, caplog.text


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
    first, second = Path(location), Path(logger.comet_location)
    assert {first, second} == set((run_dir / "comet").glob("*.zip"))
    assert first != second
    assert metrics(second) == [("train", "loss", 2)]
    for archive in (first, second):
        with zipfile.ZipFile(archive) as files:
            meta = json.loads(files.read("experiment.json"))
        assert (meta["offline_id"], meta["project_name"], meta["resume_strategy"]) == (key, "pets", "get_or_create")


PROGRAM = """
import json, logging, sys, time
from pathlib import Path
import numpy as np
from utils.logger import Logger, LoggerConfig
logging.basicConfig()
run_dir, config, key = Path(sys.argv[1]), LoggerConfig.model_validate_json(sys.argv[2]), sys.stdin.read()
logger = Logger(run_dir, config, experiment_name="x", comet_keys=[key])
times = []
for step in range(100):
    start = time.perf_counter()
    logger.summarize(step, {"loss": 1.0, "picture": np.zeros((64, 64, 3), np.uint8)})
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
    figures, errors, seconds = run_program(tmp_path / "run", config, comet_key)
    assert figures["median"] < 0.01
    assert figures["max"] < 0.5
    assert figures["close"] < 27
    assert seconds < 40
    assert errors.count("COMET IS NOT REACHABLE") == 1
    (archive,) = (tmp_path / "run" / "comet").glob("*.zip")
    assert metrics(archive) == [("train", "loss", step) for step in range(100)]
    assert comet_key.encode() not in everything(tmp_path)
    assert comet_key not in errors


def test_closing_has_an_end_and_a_full_queue_drops_with_one_warning(hanging_url, tmp_path, comet_key, caplog):
    config = make_config(url=hanging_url, connect_timeout_s=60, timeout_s=1, queue_size=2)
    logger = Logger(tmp_path, config, experiment_name="x", comet_keys=[comet_key])
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)  # over the pipe's 64 KiB
    with caplog.at_level(logging.WARNING, "maskeras"):
        for step in range(20):
            logger.summarize(step, {"noise": noise})
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 6
    assert caplog.text.count("Comet is too slow") == 1
    assert caplog.text.count("not finished after 1 s") == 1
    assert logger._comet._process.poll() is not None
    assert not logger._comet._temporary.exists()


def test_a_run_that_is_stopped_waits_a_little_and_its_archive_comes_later(
    hanging_url, tmp_path, comet_key, caplog, monkeypatch
):
    monkeypatch.setattr(comet_writer, "_HURRY_S", 2.5)
    config = make_config(url=hanging_url, connect_timeout_s=4, timeout_s=40)
    with caplog.at_level(logging.WARNING, "maskeras"), pytest.raises(KeyboardInterrupt):  # noqa: SIM117
        with Logger(tmp_path, config, experiment_name="x", comet_keys=[comet_key]) as logger:
            logger.summarize(1, {"loss": 0.5})
            start = time.perf_counter()
            raise KeyboardInterrupt
    assert time.perf_counter() - start < 4
    assert "goes on alone, ends within 40 s" in caplog.text
    assert "LOST" not in caplog.text
    assert logger._comet._process.poll() is None
    logger._comet._process.wait(40)
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 1)]
    assert not logger._comet._temporary.exists()


def log_noise(logger, steps):
    """More at each step than a pipe holds, 64 KiB."""
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    for step in steps:
        logger.summarize(step, {"noise": noise, "loss": 0.5})


@pytest.mark.slow
def test_what_a_stopped_run_could_not_hand_over_is_told_and_the_rest_is_archived(
    hanging_url, tmp_path, comet_key, caplog, monkeypatch
):
    monkeypatch.setattr(comet_writer, "_HURRY_S", 2.5)
    config = make_config(url=hanging_url, connect_timeout_s=6, timeout_s=40)
    with caplog.at_level(logging.WARNING, "maskeras"), pytest.raises(KeyboardInterrupt):  # noqa: SIM117
        with Logger(tmp_path, config, experiment_name="x", comet_keys=[comet_key]) as logger:
            log_noise(logger, range(5))  # the process reads nothing while it waits for the server
            start = time.perf_counter()
            raise KeyboardInterrupt
    assert time.perf_counter() - start < 4
    assert caplog.text.count("THE REST OF WHAT WAS LOGGED IS LOST TO COMET") == 1
    assert "comet/" not in caplog.text
    assert logger._comet._process.poll() is None
    logger._comet._process.wait(40)
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 0)]


@pytest.mark.parametrize("queue_size", [2, 1000])
def test_a_process_that_reads_nothing_is_no_promise(tmp_path, caplog, monkeypatch, queue_size):
    monkeypatch.setattr(comet_writer, "_HURRY_S", 2.5)
    deaf = [sys.executable, "-c", "import time; time.sleep(60)"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
    monkeypatch.setattr(comet_writer.CometWriter, "_start_process", lambda *_: subprocess.Popen(deaf, **pipes))
    logger = Logger(tmp_path, make_config(queue_size=queue_size), experiment_name="x")
    log_noise(logger, range(5))
    logger._comet.hurry()
    with caplog.at_level(logging.WARNING, "maskeras"):
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 4
    process = logger._comet._process
    try:
        assert caplog.text.count("THE REST OF WHAT WAS LOGGED IS LOST TO COMET") == 1
        assert "comet/" not in caplog.text
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    logger._comet._feeder.join(10)
    assert not logger._comet._feeder.is_alive()


def test_online_and_resumed(comet_server, tmp_path, comet_key, caplog):
    config = make_config(url=comet_server.url, timeout_s=20, project="pets")
    for resume_step in (None, 1):
        with (
            caplog.at_level(logging.INFO, "maskeras"),
            Logger(tmp_path, config, experiment_name="x", comet_keys=[comet_key], resume_step=resume_step) as logger,
        ):
            logger.summarize(2, {"loss": 0.125})
        key = logger._comet.experiment_key
        assert logger.comet_location.endswith(f"/x/{key}")
    runs = [json.loads(body) for path, body in comet_server.requests if path.endswith("/logger/add/run")]
    assert {run["experimentKey"] for run in runs} == {key}
    assert {run["projectName"] for run in runs} == {"pets"}
    batches = [json.loads(body) for path, body in comet_server.requests if path.endswith("/experiment/metric")]
    values = [value for batch in batches for value in batch["values"] if value["metricName"] == "loss"]
    assert [(value["context"], value["metricValue"]) for value in values] == [("train", 0.125)] * 2
    assert list(tmp_path.glob("comet/*.zip")) == []
    assert comet_key.encode() not in everything(tmp_path)


@pytest.mark.slow
def test_a_server_that_falls_silent_leaves_an_archive(comet_server, tmp_path, comet_key):
    config = make_config(url=comet_server.url, timeout_s=20)
    with Logger(tmp_path, config, experiment_name="x", comet_keys=[comet_key]) as logger:
        logger.summarize(1, {"loss": 0.5})
        wait_for(lambda: logger.comet_location)
        comet_server.silent.set()
        logger.summarize(2, {"loss": 0.25})
    (archive,) = tmp_path.glob("comet/*.zip")
    assert metrics(archive) == [("train", "loss", 1), ("train", "loss", 2)]


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    assert condition()


def test_a_killed_run_still_gets_its_archive(tmp_path):
    program = (
        "import os, signal, sys, time; from pathlib import Path; from utils.logger import Logger, LoggerConfig\n"
        "config = LoggerConfig.model_validate_json(sys.argv[2])\n"
        "logger = Logger(Path(sys.argv[1]), config, experiment_name='x')\n"
        "for step in range(3): logger.summarize(step, {'loss': 1.0})\n"
        "while logger._comet._queue.qsize(): time.sleep(0.01)\n"
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


def metrics_written(archive):
    with zipfile.ZipFile(archive) as files:
        return "messages.json" in files.namelist()


def test_a_process_that_dies_is_one_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "maskeras"):
        logger = Logger(tmp_path, make_config(queue_size=10_000), experiment_name="x")
        os.kill(logger._comet._process.pid, signal.SIGKILL)
        logger._comet._process.wait()
        for step in range(200):
            logger.summarize(step, {"loss": 1.0})
        start = time.perf_counter()
        logger.close()
    assert time.perf_counter() - start < 5
    assert caplog.text.count("ended early") == 1
    assert caplog.text.count("ended with code -9") == 1
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 200


def test_an_experiment_that_cannot_end_is_told(tmp_path):
    channel = comet_process.Channel.__new__(comet_process.Channel)
    told = []
    channel.report = lambda event, text: told.append((event, text))
    experiment = SimpleNamespace(end=lambda: 1 / 0)
    assert not comet_process._finish(experiment, {"timeout_s": 60, "folder": str(tmp_path)}, channel, set())
    assert told == [("error", "the client could not end: ZeroDivisionError: division by zero")]


def test_an_archive_that_the_run_folder_cannot_take_is_kept_and_named(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    run_dir = tmp_path / "run"
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(run_dir, make_config(mode="offline"), experiment_name="x") as logger,
    ):
        logger.summarize(1, {"loss": 0.5})
        wait_for(lambda: list(run_dir.glob("comet/*.zip")))  # the client tries the folder with an empty archive
        shutil.rmtree(run_dir / "comet")
        (run_dir / "comet").write_text("no folder any more")
    archive = Path(logger.comet_location)
    assert archive.is_relative_to(tmp_path / "temporary")
    assert metrics(archive) == [("train", "loss", 1)]
    assert f"kept in {archive}" in caplog.text
    assert "incomplete" not in caplog.text


def test_no_archive_at_all_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "key-x.zip", "w"):
        pass  # the empty one of the client's start is none
    told = []
    channel = SimpleNamespace(report=lambda event, text: told.append((event, text)))
    settings = {"timeout_s": 60, "folder": str(tmp_path), "online": False, "experiment_key": "key"}
    assert not comet_process._finish(SimpleNamespace(end=lambda: None), settings, channel, set())
    assert told == [("error", f"no archive could be written to {tmp_path}; metrics.jsonl has all figures")]
    assert comet_process._finish(SimpleNamespace(end=lambda: None), {**settings, "online": True}, channel, set())


def test_only_the_own_temporary_folder_is_removed(tmp_path, monkeypatch):
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared, own):
        (folder / "deep").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(shared))  # what Python falls back to where the own one is unusable
    comet_process._leave_temporary({"temporary": str(own), "experiment_key": "key"}, SimpleNamespace())
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
    assert (shared / "deep").is_dir()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A function that changes the one file of a repository from a text to another one; the client looks there."""
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.setenv("COMET_GIT_DIRECTORY", str(folder))
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@localhost"]

    def change(before, after):
        (folder / "pets.json").write_text(before)
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
            subprocess.run(git + arguments, check=True)
        (folder / "pets.json").write_text(after)

    return change


@pytest.mark.parametrize(("before", "after"), [("{}", '{"comet_api_key": "KEY"}'), ("KEY\n1\n", "KEY\n2\n")])
def test_changes_with_the_key_are_no_patch(tmp_path, repository, comet_key, caplog, before, after):
    repository(before.replace("KEY", comet_key), after.replace("KEY", comet_key))
    names = {"experiment_name": "x", "comet_keys": [comet_key]}
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(tmp_path / "run", make_config(mode="offline", git_patch=True), **names),
    ):
        pass
    assert "git_patch is off: the uncommitted changes hold an API key" in caplog.text
    assert comet_key not in caplog.text
    assert comet_key.encode() not in patches(tmp_path / "run")


def test_changes_with_the_key_of_the_config_are_no_patch_though_the_environment_has_another(
    tmp_path, repository, comet_key, caplog, monkeypatch
):
    unused = comet_key[::-1]
    monkeypatch.setenv("COMET_API_KEY", comet_key)
    config = Config.model_construct(comet_api_key=SecretStr(unused))
    repository("{}", f'{{"comet_api_key": "{unused}"}}')
    (tmp_path / "leaky.py").write_text(f"KEY = '{unused}'\n")
    names = {"experiment_name": "x", "comet_keys": config.comet_keys()}
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(tmp_path / "run", make_config(mode="offline", git_patch=True), **names) as logger,
    ):
        logger.code([tmp_path / "leaky.py"], tmp_path)
    assert config.comet_keys() == (comet_key, unused)
    assert "git_patch is off: the uncommitted changes hold an API key" in caplog.text
    assert "leaky.py is not logged: it holds an API key" in caplog.text
    assert list((tmp_path / "run" / "comet").glob("*.zip"))
    for key in (comet_key, unused):
        assert key not in caplog.text
        assert key.encode() not in patches(tmp_path / "run")


def test_changes_without_the_key_are_a_patch(tmp_path, repository, comet_key):
    repository("1", "2 is new")
    names = {"experiment_name": "x", "comet_keys": [comet_key]}
    with Logger(tmp_path / "run", make_config(mode="offline", git_patch=True), **names):
        pass
    assert b"+2 is new" in patches(tmp_path / "run")


def test_no_patch_where_git_cannot_tell(tmp_path, monkeypatch, comet_key, caplog):
    monkeypatch.setenv("COMET_GIT_DIRECTORY", str(tmp_path))
    with caplog.at_level(logging.WARNING, "maskeras"):
        assert not may_log_patch([comet_key])
    assert "cannot be searched for the API key" in caplog.text


def patches(folder):
    """What the archives hold, archives in them unpacked too."""
    data = everything(folder)
    for archive in folder.rglob("*.zip"):
        with zipfile.ZipFile(archive) as files:
            for name in files.namelist():
                inner = io.BytesIO(files.read(name))
                if zipfile.is_zipfile(inner):
                    with zipfile.ZipFile(inner) as patch:
                        data += b"".join(patch.read(item) for item in patch.namelist())
    return data


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
        key = comet_writer.experiment_key(tmp_path, resume=True)
    assert "not readable" in caplog.text
    assert key == comet_writer.experiment_key(tmp_path, resume=True)
    assert key != comet_writer.experiment_key(tmp_path, resume=False)
