"""Draws the learning rate of configs over a run, before it is trained:
`python mains/schedule_main.py -c configs/pets_deeplab.json --steps-per-epoch 412 --out-path schedule.png`.

`--compare poly step cosine` draws these curves with the rest of `trainer.schedule` as it is. Without
`--steps-per-epoch` the data of the config are read; none are downloaded or generated.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from reporting.plot_style import check_plot_name, save_plot
from reporting.schedule_plot import schedule_plot
from trainers.config import ScheduleConfig
from utils.args import add_config, parse_args, run_main
from utils.config import Config, process_config
from utils.console import load_keras, setup_console
from utils.errors import UserError
from utils.files import check_new
from utils.registry import DATA, resolve


def options(parser: argparse.ArgumentParser) -> None:
    """The main's own options."""
    add_config(parser, several=True)
    curves = get_args(ScheduleConfig.model_fields["name"].annotation)
    add = parser.add_argument
    add("--out-path", required=True, type=Path, metavar="FILE", help="the image to write: .png, .svg or .pdf")
    add("--overwrite", action="store_true", help="replace the file of --out-path")
    add("--steps-per-epoch", type=int, metavar="N", help="batches in an epoch; otherwise the data of the config are "
        "read, where they are on this machine")  # fmt: skip
    add("--compare", nargs="+", choices=curves, default=[], metavar="NAME",
        help=f"draw these curves instead of that of the config: {', '.join(curves)}")  # fmt: skip


def main() -> None:
    """Parse, steps in an epoch, rates, plot, values."""
    setup_console()
    args = parse_args(__doc__ or "", options, config=False)
    check_plot_name(args.out_path)
    check_new(args.out_path, args.overwrite)
    if args.steps_per_epoch is not None and args.steps_per_epoch < 1:
        raise UserError(f"received --steps-per-epoch {args.steps_per_epoch}: give 1 or more.")
    configs = {name: process_config(path, args.overrides) for name, path in names(args.config).items()}
    load_keras()
    from trainers.planned_rates import planned_rates  # noqa: PLC0415 - Keras is loaded by now

    curves = []
    for name, config in configs.items():
        steps = args.steps_per_epoch or steps_per_epoch(config)
        curves += planned_rates(name, config.trainer, steps, tuple(dict.fromkeys(args.compare)))
    save_plot(schedule_plot(curves), args.out_path)
    print(*curves, f"written to {args.out_path}", sep="\n")


def names(paths: Sequence[str]) -> dict[str, str]:
    """The name of each config in the plot, and its path: the file's name, or the path where two have the same."""
    paths = list(dict.fromkeys(paths))
    stems = [Path(path).stem for path in paths]
    return dict(zip(stems if len(set(stems)) == len(stems) else paths, paths, strict=True))


def steps_per_epoch(config: Config) -> int:
    """Batches in an epoch of the training images; nothing is downloaded or generated to count them.

    Raises:
        UserError: the data are not there, or broken; says what to give instead.
    """
    instead = (
        "To draw without data give --steps-per-epoch N: the images of an epoch divided by data.batch_size = "
        f"{config.data.batch_size}, rounded down."
    )
    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    if not data.present:
        raise UserError(f"{config.exp.name}: its data are not on this machine yet. {instead}")
    try:
        data.prepare()
        return data.steps_per_epoch
    except UserError as error:
        raise UserError(f"{error}\n{instead}") from error


if __name__ == "__main__":
    run_main(main)
