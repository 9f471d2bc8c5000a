"""Which backend is taken, by what is named and what is installed."""

import json
import os
import sys

import pytest

from utils import backend
from utils.backend import BACKENDS, choose_backend
from utils.errors import UserError


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A process before Keras; called with what is installed, KERAS_BACKEND and the backend of `keras.json`."""

    def prepare(installed, named=None, in_file=None):
        monkeypatch.delitem(sys.modules, "keras", raising=False)
        monkeypatch.setenv("KERAS_HOME", str(tmp_path))
        monkeypatch.setenv("KERAS_BACKEND", named or "")
        monkeypatch.setattr(backend, "find_spec", lambda name: object() if name in installed else None)
        if in_file:
            (tmp_path / "keras.json").write_text(json.dumps({"backend": in_file}))

    return prepare


def chosen():
    choose_backend()
    return os.environ["KERAS_BACKEND"]


@pytest.mark.parametrize("in_file", [None, "tensorflow"])
@pytest.mark.parametrize(
    ("installed", "taken"),
    [("tensorflow jax torch", ""), ("jax torch", "jax"), ("torch", "torch")],
)
def test_where_nothing_is_named_the_first_that_is_installed_is_taken(machine, caplog, installed, taken, in_file):
    machine(installed.split(), in_file=in_file)
    with caplog.at_level("INFO", "maskeras"):
        assert chosen() == taken  # "": Keras takes its own default, TensorFlow
    said = f"tensorflow is not installed: Keras runs on {taken}. KERAS_BACKEND={taken} says so too."
    assert caplog.messages == ([said] if taken else [])


def test_what_is_named_is_left_alone(machine, caplog):
    machine(["tensorflow", "jax"], named="jax")
    assert chosen() == "jax"
    machine(["tensorflow", "jax"], in_file="jax")
    assert chosen() == ""
    machine(["tensorflow"], named="openvino")
    assert chosen() == "openvino"
    assert caplog.messages == []


def test_a_named_one_that_is_not_installed_is_an_error(machine):
    machine(["jax"], named="tensorflow")
    wanted = r"KERAS_BACKEND=tensorflow, but tensorflow is not installed: set KERAS_BACKEND=jax, .* -r requirements.txt"
    with pytest.raises(UserError, match=wanted):
        choose_backend()


def test_none_at_all_is_an_error_that_names_the_ways(machine):
    machine([])
    with pytest.raises(UserError) as caught:
        choose_backend()
    assert all(f"{file} ({name})" in str(caught.value) for name, file in BACKENDS.items())


def test_an_import_that_is_blocked_counts_as_not_installed(machine, monkeypatch):
    machine([])

    def find(name):
        if name == "tensorflow":
            raise ModuleNotFoundError(name)
        return object()

    monkeypatch.setattr(backend, "find_spec", find)
    assert chosen() == "jax"
