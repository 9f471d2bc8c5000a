"""How Comet's process ends: the archive goes where it belongs, and what went wrong is reported."""

import logging
import shutil
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

from tests.utils.logger.comet_archives import make_config, metrics, wait_for
from utils.logger import Logger, worker
from utils.logger.writers.comet_session import CometSession


def session(reports, **settings):
    """One that has started nothing."""
    made = CometSession.__new__(CometSession)
    made.settings = {"timeout_s": 60, "experiment_key": "key", **settings}
    made.channel = SimpleNamespace(report=lambda text, *_, **__: reports.append(text))
    made._earlier, made._experiment = set(), SimpleNamespace(end=lambda: None)
    return made


def test_an_experiment_that_cannot_end_is_reported(tmp_path):
    reports = []
    broken = session(reports, folder=str(tmp_path))
    broken._experiment.end = lambda: 1 / 0
    assert not worker._finish(broken, "Comet")
    assert reports == ["Comet: the client could not end: ZeroDivisionError: division by zero"]


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
    archive = Path(logger.locations["Comet"])
    assert archive.is_relative_to(tmp_path / "temporary")
    assert metrics(archive) == [("train", "loss", 1)]
    assert f"kept in {archive}" in caplog.text
    assert "incomplete" not in caplog.text


def test_no_archive_at_all_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "key-x.zip", "w"):
        pass  # the empty one of the client's start is none
    reports = []
    assert not session(reports, folder=str(tmp_path), online=False).finish()
    assert reports == [f"Comet: no archive could be written to {tmp_path}; metrics.jsonl has all values"]
    assert session(reports, folder=str(tmp_path), online=True).finish()


def test_only_its_temporary_folder_is_removed(tmp_path, monkeypatch):
    shared, own = tmp_path / "shared", tmp_path / "own"
    for folder in (shared, own):
        (folder / "deep").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(shared))  # what Python takes where the run's own is unusable
    session([], temporary=str(own)).leave()
    assert [path.name for path in tmp_path.iterdir()] == ["shared"]
    assert (shared / "deep").is_dir()
