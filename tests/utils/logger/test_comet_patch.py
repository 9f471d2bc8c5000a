"""Uncommitted changes that hold a key stay out of the archive."""

import logging
import subprocess

import pytest
from pydantic import SecretStr

from tests.utils.logger.comet_archives import make_config, patches
from utils.config.root import Config
from utils.logger import Logger
from utils.logger.writers.comet_patch import may_log_patch


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
    names = {"experiment_name": "x", "keys": {"comet": [comet_key]}}
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
    names = {"experiment_name": "x", "keys": config.tracker_keys()}
    with (
        caplog.at_level(logging.WARNING, "maskeras"),
        Logger(tmp_path / "run", make_config(mode="offline", git_patch=True), **names) as logger,
    ):
        logger.code([tmp_path / "leaky.py"], tmp_path)
    assert config.tracker_keys() == {"comet": (comet_key, unused)}
    assert "git_patch is off: the uncommitted changes hold an API key" in caplog.text
    assert "leaky.py is not logged: it holds an API key" in caplog.text
    assert list((tmp_path / "run" / "comet").glob("*.zip"))
    for key in (comet_key, unused):
        assert key not in caplog.text
        assert key.encode() not in patches(tmp_path / "run")


def test_changes_without_the_key_are_a_patch(tmp_path, repository, comet_key):
    repository("1", "2 is new")
    names = {"experiment_name": "x", "keys": {"comet": [comet_key]}}
    with Logger(tmp_path / "run", make_config(mode="offline", git_patch=True), **names):
        pass
    assert b"+2 is new" in patches(tmp_path / "run")


def test_no_patch_where_git_cannot_tell(tmp_path, monkeypatch, comet_key, caplog):
    monkeypatch.setenv("COMET_GIT_DIRECTORY", str(tmp_path))
    with caplog.at_level(logging.WARNING, "maskeras"):
        assert not may_log_patch([comet_key])
    assert "cannot be searched for the API key" in caplog.text
