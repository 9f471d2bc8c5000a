"""Times are taken in turns and counted right, by a clock that the jobs themselves move."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from benchmarks.speed import timing
from benchmarks.speed.timing import Times, interleaved, seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless a job adds to its `now`."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def jobs_of(clock, durations):
    """Jobs that take these seconds call after call, and the list of the names in the order they were called."""
    called = []

    def job(name):
        called.append(name)
        clock.now += durations[name][called.count(name) - 1]

    return {name: lambda name=name: job(name) for name in durations}, called


def test_jobs_go_in_turns_and_each_is_as_often_the_first(clock):
    jobs, called = jobs_of(clock, {"a": [1] * 6, "b": [1] * 6})
    interleaved(jobs, rounds=4)
    first, warm_up, rounds = called[:2], called[2:4], called[4:]
    assert first == warm_up == ["a", "b"]
    assert rounds == ["b", "a", "a", "b", "b", "a", "a", "b"]


def test_the_first_call_stands_alone_and_the_warm_up_does_not_count(clock):
    jobs, _ = jobs_of(clock, {"a": [9, 70, 80, 1, 2], "b": [5, 70, 80, 4, 4]})
    times = interleaved(jobs, rounds=2, warm_up=2)
    assert times == {"a": Times(9, (1, 2)), "b": Times(5, (4, 4))}


def test_median_and_percentile_leave_the_first_call_out():
    times = Times(1000.0, (4.0, 1.0, 2.0, 3.0, 5.0))
    assert (times.median, times.percentile(100), times.percentile(0)) == (3.0, 5.0, 1.0)
    assert times.percentile(95) == pytest.approx(4.8)  # linear between the fourth and the fifth of five


def test_a_ratio_is_of_the_same_round():
    """The second round is far slower for both, and the ratio does not see it: that of the medians would be 1."""
    own, other = Times(9.0, (1.0, 40.0, 4.0)), Times(9.0, (2.0, 20.0, 4.0 / 3.0))
    assert own.ratio_to(other) == 2.0
    assert own.ratio_to(own) == 1.0


def test_seconds_last_until_the_result_is_there(clock, monkeypatch):
    jobs, _ = jobs_of(clock, {"a": [2.0]})

    def wait(value):
        assert value is None
        clock.now += 3.0

    monkeypatch.setattr(timing, "wait_for", wait)
    assert seconds(jobs["a"]) == 5.0


def test_every_tensor_of_a_result_is_waited_for_and_nothing_else(monkeypatch):
    waited = []
    monkeypatch.setattr(timing, "_wait_for_one", lambda value: waited.append(np.shape(value)))
    one, other = keras.ops.zeros((2, 3)), keras.ops.zeros((4,))
    timing.wait_for({"a": [one, None], "b": (np.zeros(5), {"c": other}, "text")})
    assert waited == [(2, 3), (4,)]


def test_scalars_and_empty_tensors_can_be_waited_for():
    timing.wait_for([keras.ops.convert_to_tensor(1.0), keras.ops.zeros((0, 4))])


def test_what_computes_later_is_asked_for_its_end(monkeypatch):
    ended = []
    later = SimpleNamespace(block_until_ready=lambda: ended.append(True))
    monkeypatch.setattr(keras.ops, "is_tensor", lambda value: value is later)
    timing.wait_for([later])
    assert ended == [True]
