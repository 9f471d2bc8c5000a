import io
import sys

import pytest
from rich.console import Console

import utils.progress
from utils.progress import TrainingProgress, duration


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still; set `clock[0]` to move it."""
    now = [100.0]
    monkeypatch.setattr(utils.progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("seconds", "text"), [(42.3, "42 s"), (59.7, "1 min 00 s"), (245, "4 min 05 s"), (5000, "1 h 23 min")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_plain_lines_have_losses_speed_and_time_left(clock, capsys):
    progress = TrainingProgress(epochs=3, steps_per_epoch=100, batch_size=8)
    progress.start_epoch(0, 0)
    progress.advance(10)
    clock[0] += 4
    assert progress.report(0, 20, {"total": 1.25, "box": 0.5}) == 40.0
    # 280 steps are left, at 5 a second.
    line = "epoch 1/3  step 20/100  total 1.250  box 0.500  40.0 images/s  ETA 56 s\n"
    assert capsys.readouterr().out == line
    clock[0] += 1
    assert progress.report(0, 25, {}) == 40.0


def test_the_time_left_is_that_to_the_last_step(clock, capsys):
    progress = TrainingProgress(epochs=3, steps_per_epoch=100, batch_size=8, max_steps=130)
    progress.start_epoch(1, 0)
    clock[0] += 4
    progress.report(1, 20, {})
    # Of the 130 steps 120 are made.
    assert "ETA 2 s" in capsys.readouterr().out


def test_a_resumed_epoch_counts_only_its_own_steps(clock, capsys):
    progress = TrainingProgress(epochs=2, steps_per_epoch=10, batch_size=4)
    progress.start_epoch(1, 6)
    clock[0] += 2
    assert progress.report(1, 8, {}) == 4.0
    assert "epoch 2/2  step 8/10" in capsys.readouterr().out


def test_no_time_has_passed(clock, capsys):
    progress = TrainingProgress(1, 10, 4)
    progress.start_epoch(0, 0)
    assert progress.report(0, 0, {}) == 0.0
    assert "ETA ?" in capsys.readouterr().out


def test_a_terminal_gets_a_bar(clock, monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(utils.progress, "Console", lambda: Console(file=screen, force_terminal=True, width=120))
    progress = TrainingProgress(2, 10, 4)
    progress.start_epoch(0, 3)
    progress.advance(4)
    clock[0] += 1
    progress.report(0, 5, {"total": 1.0})
    progress.stop()
    progress.stop()
    shown = screen.getvalue()
    for words in ("epoch 1/2", "5/10", "total 1.000", "8.0 images/s", "ETA 8 s"):
        assert words in shown
