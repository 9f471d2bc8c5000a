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

ROUNDS, STEPS, BATCHES = 5, 100, 20


def main() -> None:
    """Alternates rounds of the same batches through a bare Python loop and through `train_epoch`."""
    setup_console()
    args = parse_args(__doc__ or "")
    config, data = prepared(args.config, args.overrides)
    with tempfile.TemporaryDirectory() as folder, Logger(Path(folder), config.logger, experiment_name="loop") as logger:
        trainer = trainer_of(config, data, Path(folder), logger)
        few = list(itertools.islice(data.train_batches(0), BATCHES))
        batches = list(itertools.islice(itertools.cycle(few), STEPS))
        data.train_batches = lambda *_: iter(batches)
        for batch in batches[:3]:
            float(trainer.train_step(batch)["total"])
        bare, loop = [], []
        for _ in range(ROUNDS):
            bare.append(seconds(lambda: bare_loop(trainer, batches)))
            loop.append(seconds(lambda: whole_loop(trainer)))
    bare_ms, loop_ms = (1000 * statistics.median(times) / STEPS for times in (bare, loop))
    ratio = statistics.median(one / other for one, other in zip(loop, bare, strict=True))
    print(
        f"bare step {bare_ms:.1f} ms, loop {loop_ms:.1f} ms: {100 * (ratio - 1):+.1f} % (median of {ROUNDS} rounds of "
        f"{STEPS} steps, alternating; {machine()})"
    )


def bare_loop(trainer, batches) -> None:
    """The compiled step in a Python loop; waits once, at the end."""
    for batch in batches:
        losses = trainer.train_step(batch)
    float(losses["total"])


def whole_loop(trainer) -> None:
    """The same steps with counting, callbacks, progress and a row of losses every `trainer.log_every` steps."""
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
