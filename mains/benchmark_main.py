"""The speed of a config on this machine: `python mains/benchmark_main.py -c configs/benchmark_r50_fpn.json`."""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from base.memory import check_step_fits
from utils.args import parse_args, run_main
from utils.config import process_config
from utils.console import load_keras, setup_console
from utils.environment import environment
from utils.errors import UserError
from utils.registry import DATA, resolve
from utils.seeds import seed_everything, set_precision


def options(parser: argparse.ArgumentParser) -> None:
    """The main's own options."""
    parser.add_argument("--rounds", type=int, default=10, help="how often each time is measured; the median counts")


def main() -> None:
    """A fresh process for the first step, then model and yardstick in turn, the parts, table and file."""
    setup_console()
    args = parse_args(__doc__ or "", options)
    if args.rounds < 1:
        raise UserError(f"received --rounds {args.rounds}; a median needs 1 at least, and 10 or more to mean something")
    config = process_config(args.config, args.overrides)
    check_step_fits(resolve(DATA, config.data.name)(config.data, config.exp.seed))
    from benchmarks.speed.first_step import first_step  # noqa: PLC0415 - the process comes before this one fills memory

    first = first_step(args.config, args.overrides)
    load_keras()
    seed_everything(config.exp.seed)
    set_precision(config.trainer.precision)
    from benchmarks.speed.measure import measure  # noqa: PLC0415 - Keras is loaded by now
    from benchmarks.speed.report import print_speed, write_speed  # noqa: PLC0415

    values = {**measure(config, args.rounds), "first_step": first}
    print_speed(values)
    described = environment({"config": config.to_dict(), **values})
    print("  written to", write_speed(described, config.exp.root / config.exp.name))


if __name__ == "__main__":
    run_main(main)
