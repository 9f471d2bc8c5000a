import json
import platform
import subprocess
import sys
from importlib.metadata import version

import keras

from utils import environment as module
from utils.environment import environment


def test_versions_and_machine_are_named_and_all_is_json():
    found = environment({"data": {"name": "synthetic-pets"}})
    assert json.loads(json.dumps(found)) == found
    assert found["python"] == platform.python_version()
    assert found["packages"]["numpy"] == version("numpy")
    assert found["packages"]["keras"] == version("keras")
    assert {"faster-coco-eval", "pycocotools"} <= found["packages"].keys()
    assert found["cpu"]["count"] >= 1
    assert found["data"] == {"name": "synthetic-pets"}


def test_no_secret_is_in_it(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mains/pets_main.py", "-c", "a.json", "--set", "comet_api_key=s3kr1t", "a=1"])
    found = environment({"config": {"token": "s3kr1t", "b": 1}})
    assert "s3kr1t" not in json.dumps(found)
    assert found["command"] == ["mains/pets_main.py", "-c", "a.json", "--set", "comet_api_key=***", "a=1"]
    assert found["config"] == {"b": 1}


def git(folder, *words):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_commit_and_whether_files_differ(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    git(tmp_path, "init")
    assert environment({})["git"] is None
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-m", "a")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert environment({})["git"] == {"commit": commit, "dirty": False}
    (tmp_path / "a.txt").write_text("b")
    assert environment({})["git"] == {"commit": commit, "dirty": True}


def test_nobody_knows_whether_files_differ_when_git_is_too_slow(tmp_path, monkeypatch):
    def slow(command, **_):
        if "status" in command:
            raise subprocess.TimeoutExpired(command, 10)
        return subprocess.CompletedProcess(command, 0, stdout="abc\n")

    monkeypatch.setattr(module.subprocess, "run", slow)
    assert environment({})["git"] == {"commit": "abc", "dirty": None}


def test_git_may_be_absent(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert environment({})["git"] is None


def test_the_backend_is_kerass_own_word_or_what_it_would_go_by(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    monkeypatch.setitem(sys.modules, "keras", keras)
    assert environment({})["backend"] == keras.backend.backend() == "tensorflow"
    monkeypatch.delitem(sys.modules, "keras")
    assert environment({})["backend"] == "jax"
