"""The benchmarks run and print what they measured; how much that is, no test judges."""

import json
import re
import sys

import pytest

from benchmarks import input_pipeline, loop_overhead, memory_growth
from tests.toy.toy_run import toy_config


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys, fresh_log):
    """Runs a benchmark, with some of its constants changed, on the toy; returns the last line it printed."""
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(toy_config(tmp_path)))

    def run(benchmark, **constants):
        for name, value in constants.items():
            monkeypatch.setattr(benchmark, name, value)
        monkeypatch.setattr(sys, "argv", [benchmark.__name__, "-c", str(path)])
        benchmark.main()
        return capsys.readouterr().out.splitlines()[-1]

    return run


def numbers(pattern, line):
    found = re.search(pattern, line)
    assert found, line
    return [float(text) for text in found.groups()]


def test_the_loop_is_set_against_the_bare_step(printed):
    line = printed(loop_overhead, ROUNDS=3, STEPS=4)
    bare, loop, outside = numbers(r"bare step ([\d.]+) ms, loop ([\d.]+) ms: .* of the step ([\d.]+) ms", line)
    assert 0 < outside < loop and bare > 0
    assert "3 rounds of 4 steps" in line


def test_the_input_pipeline_is_timed_over_several_epochs(printed):
    (speed,) = numbers(r": (\d+) images/s", printed(input_pipeline, WARM_UP=2, MEASURED=20))
    assert speed > 0


def test_memory_is_read_early_and_late(printed):
    line = printed(memory_growth, FIRST=5, LAST=20)
    early, late, growth = numbers(r"after 5 steps (\d+) MB, after 20 (\d+) MB: ([+-][\d.]+) %", line)
    assert early > 50 and late > 50
    assert growth == pytest.approx(100 * (late / early - 1), abs=1.0)
