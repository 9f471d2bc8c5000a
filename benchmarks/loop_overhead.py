"""What the loop costs over the compiled step alone: `python benchmarks/loop_overhead.py -c configs/pets.json`."""

import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import machine, prepared, trainer_of
from utils.args import parse_args, run_main
from utils.console import setup_console
from utils.logger import Logger

ROUNDS, STEPS = 24, 20
"""Many short rounds: on a shared machine a step's own time wanders by a tenth within a minute."""


def main() -> None:
    """Alternates rounds of the same batches through a bare Python loop and through `train_epoch`."""
    setup_console()
    args = parse_args(__doc__ or "")
    config, data = prepared(args.config, args.overrides)
    with tempfile.TemporaryDirectory() as folder, Logger(Path(folder), config.logger, experiment_name="loop") as logger:
        trainer = trainer_of(config, data, Path(folder), logger)
        batches = list(itertools.islice(data.train_batches(0), STEPS))
        data.train_batches = lambda *_: iter(batches)
        for batch in batches[:3]:
            float(trainer.train_step(batch)["total"])
        step = trainer.train_step = Stopwatch(trainer.train_step)
        bare, loop, outside = [], [], []
        for number in range(ROUNDS):
            if number % 2:  # each is as often the first, so that a drift of the machine favors none
                bare.append(seconds(lambda: bare_loop(trainer, batches)))
            step.total = 0.0
            loop.append(seconds(lambda: whole_loop(trainer)))
            outside.append(loop[-1] - step.total)
            if not number % 2:
                bare.append(seconds(lambda: bare_loop(trainer, batches)))
    bare_ms, loop_ms, outside_ms = (1000 * statistics.median(times) / len(batches) for times in (bare, loop, outside))
    ratio = statistics.median(one / other for one, other in zip(loop, bare, strict=True))
    print(
        f"bare step {bare_ms:.1f} ms, loop {loop_ms:.1f} ms: {100 * (ratio - 1):+.1f} %; the loop outside of the step "
        f"{outside_ms:.2f} ms, {100 * outside_ms / bare_ms:.2f} % (medians of {ROUNDS} rounds of {len(batches)} steps, "
        f"alternating; {machine()})"
    )


class Stopwatch:
    """A function that adds up, in `total`, the seconds that its calls take.

    On a CPU a step's call ends with its work; where it returns at once, what is outside of it holds the waiting too.
    """

    def __init__(self, function):
        self.function = function
        self.total = 0.0

    def __call__(self, *arguments):
        """The function's result."""
        started = time.perf_counter()
        result = self.function(*arguments)
        self.total += time.perf_counter() - started
        return result


def bare_loop(trainer, batches) -> None:
    """The compiled step in a Python loop; waits once, at the end."""
    for batch in batches:
        losses = trainer.train_step(batch)
    float(losses["total"])


def whole_loop(trainer) -> None:
    """The same steps with counting, callbacks, progress and, at their end, a row of losses."""
    trainer.step_in_epoch = 0
    trainer.progress.start_epoch(trainer.model.cur_epoch, 0)
    trainer.train_epoch()
    trainer.log_losses()


def seconds(function) -> float:
    """How long one call takes."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


if __name__ == "__main__":
    run_main(main)
