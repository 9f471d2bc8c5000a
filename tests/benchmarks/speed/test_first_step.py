"""A training in a process of its own: what it says is understood, and why it failed is told."""

import sys
import time

import pytest

from benchmarks.speed import first_step as module
from benchmarks.speed.first_step import FIRST, PEAK, first_step
from tests.benchmarks.speed.tiny import tiny_file
from utils.errors import UserError


@pytest.fixture
def process(tmp_path, monkeypatch):
    """Puts a script in the place of the process."""

    def replaced(*lines):
        path = tmp_path / "process"
        path.write_text("\n".join((f"#!{sys.executable}", "import os, sys, time", *lines)))
        path.chmod(0o755)
        monkeypatch.setattr(module, "sys", type("Sys", (), {"executable": str(path)}))

    return replaced


def test_other_lines_and_any_amount_of_complaints_do_no_harm(process):
    process(
        "print('Downloading 100 %')",
        "sys.stderr.write('a warning\\n' * 50_000)",
        f"print({FIRST!r}, flush=True)",
        "print('first', 'of', 3)",
        "time.sleep(0.5)",
        "sys.stderr.write('a warning\\n' * 50_000)",
        f"print({PEAK!r}, 2_500_000_000)",
        "print('bye')",
    )
    started = time.perf_counter()
    found = first_step("any.json", [])
    whole = time.perf_counter() - started
    assert found["peak_mb"] == 2500.0
    assert 0 < found["seconds"] < whole - 0.5, "the time is that of the first step, not of the end"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["sys.exit('out of beans')"], "exit code 1: out of beans"),
        (["os.kill(os.getpid(), 9)"], "exit code -9: it said nothing"),
        ([f"print({FIRST!r})", "sys.stderr.write('no memory read')"], "exit code 0: no memory read"),
    ],
)
def test_what_a_failed_process_said_last_is_told(process, lines, said):
    process(*lines)
    with pytest.raises(RuntimeError, match=f"a training of 8 steps in a process of its own failed with {said}"):
        first_step("any.json", [])


def test_a_mistake_in_the_config_is_the_users(tmp_path):
    with pytest.raises(UserError) as caught:
        first_step(tiny_file(tmp_path, batch_size=0), ["trainer.epoch=3"])
    text = str(caught.value)
    assert "2 problems" in text and "data.batch_size" in text and "did you mean trainer.epochs?" in text
    assert "Traceback" not in text and "error:" not in text


@pytest.mark.slow
def test_a_tiny_training(tmp_path):
    started = time.perf_counter()
    found = first_step(tiny_file(tmp_path), ["data.batch_size=1"])
    assert 0.5 < found["seconds"] < time.perf_counter() - started
    assert 100 < found["peak_mb"] < 20_000
