"""The main's own part: its options, and what it puts together."""

import json
import sys

import keras
import pytest

from mains import benchmark_main
from tests.benchmarks.speed.tiny import figures, tiny_file
from utils.errors import UserError


@pytest.fixture
def run(tmp_path, monkeypatch, fresh_log):
    """Runs the main on a tiny config with what it measures replaced; returns what was asked for."""
    asked = []
    found = figures()
    first = found.pop("first_step")
    policy = keras.config.dtype_policy()
    monkeypatch.setattr("benchmarks.speed.first_step.first_step", lambda *a: (asked.append(a), first)[1])
    monkeypatch.setattr("benchmarks.speed.measure.measure", lambda _, rounds: (asked.append(rounds), found)[1])

    def start(*words):
        path = tiny_file(tmp_path)
        monkeypatch.setattr(sys, "argv", ["benchmark_main.py", "-c", path, *words])
        benchmark_main.main()
        assert asked[0] == (path, [])
        return asked[1:]

    yield start
    keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("rounds", ["0", "-3"])
def test_less_than_one_round_is_an_error(run, rounds):
    with pytest.raises(UserError, match=f"received --rounds {rounds}; a median needs 1"):
        run("--rounds", rounds)


def test_figures_are_printed_and_written_with_the_machine(run, tmp_path, capsys):
    assert run("--rounds", "4") == [4]
    out = capsys.readouterr().out
    (path,) = (tmp_path / "tiny").glob("benchmark-*.json")
    assert "p95 are of 7 rounds" in out and path.name in out.replace("\n", "")
    written = json.loads(path.read_text(encoding="utf-8"))
    assert {key: written[key] for key in figures()} == figures()
    assert written["config"]["data"]["image_size"] == [64, 64] and written["packages"]["keras"]


def test_resume_is_not_offered(run, capsys):
    with pytest.raises(SystemExit) as end:
        run("--resume")
    assert end.value.code == 2 and "unrecognized arguments: --resume" in capsys.readouterr().err


def test_what_cannot_fit_is_refused_before_anything_is_measured(run):
    with pytest.raises(UserError, match="cannot fit into memory"):
        run("--set", "data.image_size=[200000,200000]")
