"""Resident memory over a training: `python benchmarks/memory_growth.py -c configs/pets.json`."""

import itertools
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import machine, prepared, trainer_of
from utils.args import parse_args, run_main
from utils.console import setup_console
from utils.logger import Logger

FIRST, LAST = 200, 2000


def main() -> None:
    """Trains with logging and checkpoints and compares the memory early and late."""
    setup_console()
    args = parse_args(__doc__ or "")
    steps = [f"trainer.max_steps={LAST}", "trainer.epochs=100000", "trainer.validate_every=0"]
    config, data = prepared(args.config, [*args.overrides, *steps])
    with (
        tempfile.TemporaryDirectory() as folder,
        Logger(Path(folder), config.logger, experiment_name="memory") as logger,
    ):
        seen: dict[int, float] = {}
        trainer = trainer_of(config, data, Path(folder), logger, [watch(seen)])
        trainer.train()
    growth = seen[LAST] / seen[FIRST] - 1
    print(
        f"resident after {FIRST} steps {seen[FIRST]:.0f} MB, after {LAST} {seen[LAST]:.0f} MB: "
        f"{100 * growth:+.1f} % ({machine()})"
    )


def watch(seen: dict[int, float]):
    """A callback that fills `seen`, step → resident memory in MB, every `FIRST` steps."""
    import keras  # noqa: PLC0415 - here, so that a wrong config is reported before this takes its seconds

    steps = itertools.count(1)

    def note(*_, **__) -> None:
        step = next(steps)
        if step % FIRST == 0:
            seen[step] = resident_mb()
            print(f"step {step}: {seen[step]:.0f} MB", flush=True)

    return keras.callbacks.LambdaCallback(on_train_batch_end=note)


def resident_mb() -> float:
    """Resident memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    run_main(main)
