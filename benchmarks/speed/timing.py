"""Seconds, taken so that a drift of the machine favors nobody."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Times:
    """The seconds of repeated calls.

    Attributes:
        first: of the first call, which traces and compiles.
        rest: of all the others.
    """

    first: float
    rest: tuple[float, ...]

    @property
    def median(self) -> float:
        """Of the calls after the first."""
        return self.percentile(50)

    def percentile(self, share: float) -> float:
        """Seconds that `share` per cent of the calls after the first stay below."""
        return float(np.percentile(self.rest, share))

    def ratio_to(self, other: "Times") -> float:
        """Median of the ratios to what was timed in turns with this: of rounds, as a machine's drift is in both."""
        return float(np.median(np.array(self.rest) / np.array(other.rest)))


def interleaved(jobs: Mapping[str, Callable[[], Any]], rounds: int, warm_up: int = 1) -> dict[str, Times]:
    """Times jobs in turn, round after round.

    Args:
        jobs: name → what is timed; its result is waited for.
        rounds: calls of each that count.
        warm_up: calls of each after the first that do not count.
    """
    first = {name: seconds(job) for name, job in jobs.items()}
    for _ in range(warm_up):
        for job in jobs.values():
            seconds(job)
    taken: dict[str, list[float]] = {name: [] for name in jobs}
    for number in range(rounds):
        # Each is as often the first as the last.
        order: Sequence[str] = list(jobs)[:: 1 if number % 2 else -1]
        for name in order:
            taken[name].append(seconds(jobs[name]))
    return {name: Times(first[name], tuple(taken[name])) for name in jobs}


def seconds(job: Callable[[], Any]) -> float:
    """How long a call takes, until its result is there."""
    started = time.perf_counter()
    wait_for(job())
    return time.perf_counter() - started


def wait_for(values: Any) -> None:
    """Returns when the device has computed them."""
    for value in keras.tree.flatten(values):
        if keras.ops.is_tensor(value):
            _wait_for_one(value)


def _wait_for_one(value: Any) -> None:
    if hasattr(value, "block_until_ready"):
        value.block_until_ready()
    else:
        # One number is enough: a device works through its calls in their order.
        flat = keras.ops.reshape(value, (-1,))
        keras.ops.convert_to_numpy(flat[:1])
