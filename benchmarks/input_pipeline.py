"""Images per second of the input pipeline alone: `python benchmarks/input_pipeline.py -c configs/pets.json`."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.common import machine, prepared
from utils.args import parse_args, run_main
from utils.console import setup_console

WARM_UP, MEASURED = 20, 200


def main() -> None:
    """Reads, augments and batches training images; the first batches are not counted."""
    setup_console()
    args = parse_args(__doc__ or "")
    config, data = prepared(args.config, args.overrides)
    batches = endless(data)
    for _ in range(WARM_UP):
        next(batches)
    started = time.perf_counter()
    for _ in range(MEASURED):
        next(batches)
    speed = MEASURED * config.data.batch_size / (time.perf_counter() - started)
    height, width = config.data.image_size
    print(f"{data.display_name}, {height}×{width}, {config.data.workers} workers: {speed:.0f} images/s ({machine()})")


def endless(data):
    """The batches of one epoch after the other."""
    epoch = 0
    while True:
        yield from data.train_batches(epoch)
        epoch += 1


if __name__ == "__main__":
    run_main(main)
