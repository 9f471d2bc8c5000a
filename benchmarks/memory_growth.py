"""Resident memory over a training: `python benchmarks/memory_growth.py -c configs/pets.json`."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import keras

from benchmarks.common import machine, prepared, trainer_of
from utils.args import parse_args, run_main
from utils.console import setup_console
from utils.logger import Logger

FIRST, LAST = 200, 2000


class Watch(keras.callbacks.Callback):
    """Notes the resident memory every `FIRST` steps."""

    def __init__(self, trainer):
        super().__init__()
        self.trainer = trainer
        self.seen: dict[int, float] = {}

    def on_train_batch_end(self, batch, logs=None):
        """Reads it from the system; the trainer has not counted the step yet when this is called."""
        step = self.trainer.model.global_step
        if step % FIRST == 0:
            self.seen[step] = resident_mb()
            print(f"step {step}: {self.seen[step]:.0f} MB", flush=True)


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
        trainer = trainer_of(config, data, logger)
        watch = Watch(trainer)
        trainer.callbacks.append(watch)
        trainer.train()
    growth = watch.seen[LAST] / watch.seen[FIRST] - 1
    print(
        f"resident after {FIRST} steps {watch.seen[FIRST]:.0f} MB, after {LAST} {watch.seen[LAST]:.0f} MB: "
        f"{100 * growth:+.1f} % ({machine()})"
    )


def resident_mb() -> float:
    """Resident memory of this process in MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    run_main(main)
