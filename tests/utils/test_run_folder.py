import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import utils.run_folder
from tests.toy.toy_run import toy_config
from utils.config import process_config
from utils.run_folder import RunFolderError, check_root, has_checkpoint, open_run, run_name, source_files


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "toy.json"
    path.write_text(json.dumps({**toy_config(tmp_path / "runs"), "comet_api_key": "very-secret-key-0123456789"}))
    return process_config(path)


def test_a_new_run_says_what_it_is_made_from(config, tmp_path):
    folder = open_run(config, "toys", "toys-7", resume=False)
    assert folder == tmp_path / "runs" / "toy"
    saved = json.loads((folder / "config.json").read_text())
    assert saved["data"]["batch_size"] == 4
    described = json.loads((folder / "environment.json").read_text())
    assert described["data"] == "toys"
    assert described["data_fingerprint"] == "toys-7"
    assert described["packages"]["keras"]
    assert not any("very-secret-key" in path.read_text() for path in folder.iterdir())


def metrics(folder):
    (folder / "metrics.jsonl").write_text('{"step": 1}\n')


def checkpoint(folder):
    (folder / "checkpoints" / "ckpt-00001").mkdir(parents=True)
    (folder / "checkpoints" / "ckpt-00001" / "checkpoint.json").write_text("{}")


def test_a_start_that_failed_leaves_its_name_free(config):
    folder = open_run(config, "toys", "a", resume=False)
    (folder / "metrics.jsonl").touch()
    (folder / "notes.txt").write_text("mine")
    assert open_run(config, "toys", "b", resume=False) == folder
    assert json.loads((folder / "environment.json").read_text())["data_fingerprint"] == "b"
    assert (folder / "notes.txt").read_text() == "mine"
    assert [path.name for path in folder.glob("environment*")] == ["environment.json"]


@pytest.mark.parametrize("leave_something", [metrics, checkpoint])
def test_a_taken_folder_is_refused_and_left_as_it_is(config, leave_something):
    folder = open_run(config, "toys", "a", resume=False)
    leave_something(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(RunFolderError, match=r"holds a run already.*--resume.*exp.name"):
        open_run(config, "toys", "b", resume=False)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_each_resume_writes_beside_the_first(config):
    folder = open_run(config, "toys", "a", resume=False)
    assert open_run(config, "toys", "b", resume=True) == folder
    open_run(config, "toys", "c", resume=True)
    found = {path.stem: json.loads(path.read_text())["data_fingerprint"] for path in folder.glob("environment*.json")}
    assert found == {"environment": "a", "environment-2": "b", "environment-3": "c"}
    assert len(list(folder.glob("config*.json"))) == 3


def test_nothing_to_resume_names_what_there_is(config, tmp_path):
    (tmp_path / "runs" / "other").mkdir(parents=True)
    (tmp_path / "runs" / "other" / "environment.json").write_text("{}")
    with pytest.raises(RunFolderError, match=r"no run .*toy to resume; .* holds: other\."):
        open_run(config, "toys", "a", resume=True)
    assert not (tmp_path / "runs" / "toy").exists()


def test_a_second_process_is_kept_out_until_the_first_ends(config, tmp_path):
    folder = tmp_path / "runs" / "toy"
    open_run(config, "toys", "a", resume=False)
    program = "import sys; from pathlib import Path; from utils.run_folder import hold; hold(Path(sys.argv[1]))"
    command = [sys.executable, "-c", program, str(folder)]
    root = Path(__file__).resolve().parents[2]
    other = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert f"RunFolderError: Another process uses {folder}" in other.stderr
    utils.run_folder._held.pop(folder.resolve() / ".lock").close()  # as the end of this process would
    assert subprocess.run(command, cwd=root, check=False).returncode == 0
    open_run(config, "toys", "a", resume=True)


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("pets", "synthetic-pets", "synthetic-pets"),
        ("big", "synthetic-pets", "big-synthetic-pets"),
        ("my-synthetic-pets", "synthetic-pets", "my-synthetic-pets"),
        ("pet", "synthetic-pets", "pet-synthetic-pets"),
        ("synthetic", "synthetic-pets", "synthetic-synthetic-pets"),
        ("s", "synthetic-pets", "s-synthetic-pets"),
    ],
)
def test_the_name_says_where_images_are_synthetic(name, data, expected):
    assert run_name(name, data, synthetic=True) == expected
    assert run_name(name, data, synthetic=False) == name


def test_the_data_set_says_whether_it_is_synthetic_and_no_name_does(config, tmp_path):
    assert open_run(config, "synthetic-aperture-radar", "a", resume=False) == tmp_path / "runs" / "toy"
    folder = open_run(config, "synthetic-pets", "a", resume=False, synthetic=True)
    assert folder == tmp_path / "runs" / "toy-synthetic-pets"


@pytest.mark.parametrize("resume", [False, True])
def test_a_root_that_is_a_file_is_an_error_that_names_the_key(config, tmp_path, resume):
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(RunFolderError, match=r"exp\.root=<folder>|no run .* to resume"):
        open_run(config, "toys", "a", resume=resume)
    assert (tmp_path / "runs").read_text() == "mine"


def test_the_root_is_checked_before_there_is_a_run(tmp_path, monkeypatch):
    check_root(tmp_path / "new" / "runs")
    assert (tmp_path / "new" / "runs").is_dir()
    (tmp_path / "file").write_text("mine")
    for root in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(RunFolderError, match=r"cannot be made or written \(.*exp\.root=<folder>"):
            check_root(root)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(RunFolderError, match="no permission"):
        check_root(tmp_path / "new")


@pytest.mark.parametrize("step", ["mkdir", "open"])
def test_a_root_that_cannot_be_written_is_an_error_that_names_the_key(config, monkeypatch, step):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, step, refuse)
    with pytest.raises(RunFolderError, match=r"cannot be made or written \(.*Permission denied.*exp\.root=<folder>"):
        open_run(config, "toys", "a", resume=False)


def test_only_a_named_checkpoint_counts(tmp_path):
    assert not has_checkpoint(tmp_path)
    for name, found in ((".writing-ckpt-00001", False), ("ckpt-00001", True)):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "checkpoint.json").write_text("{}")
        assert has_checkpoint(tmp_path) is found


def test_the_source_files_are_those_of_the_project(tmp_path):
    for name in ("base/a.py", "models/ops/b.py", "tests/c.py", "benchmarks/d.py", "base/e.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in source_files(tmp_path)] == [
        "base/a.py",
        "models/ops/b.py",
    ]


def test_the_files_of_a_user_s_own_classes_are_among_the_source_files(tmp_path):
    from base.config import LoopConfig  # noqa: PLC0415
    from tests.toy.toy_data import ToyData  # noqa: PLC0415

    root = Path(__file__).resolve().parents[2]
    found = source_files(root, ToyData, LoopConfig, dict)
    assert set(found) - set(source_files(root)) == {root / "tests/toy/toy_data.py"}
