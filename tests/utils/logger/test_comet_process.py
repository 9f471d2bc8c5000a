"""How Comet's process ends: the archive goes where it belongs, and what went wrong is told."""

import logging
import shutil
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

from tests.utils.logger.comet_archives import make_config, metrics, wait_for
from utils.logger import Logger, comet_process


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
