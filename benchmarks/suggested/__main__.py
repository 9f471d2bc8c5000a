"""Suggested configs against the defaults: `python -m benchmarks.suggested --weights FILE`.

Makes three data sets of different nature, suggests a config for each, trains with it and with the defaults for as many
steps on as many images, one after the other, and prints a table of the AP on test images.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.common import machine as machine_in_words
from benchmarks.suggested.runs import KINDS, Result, configs, train
from benchmarks.suggested.scenes import SCENES, write_scene
from preparation.suggest import Machine
from utils.args import parse_args, run_main
from utils.console import setup_console

_COLUMNS = ("mask/AP", "mask/AP50", "box/AP", "box/AP50")


def main() -> None:
    """Writes the data sets, trains and prints."""
    setup_console()
    args = parse_args(__doc__ or "", options, config=False)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        print(f"{args.training} training and {args.test} test images, {args.steps} steps ({machine_in_words()})\n")
        print(heading())
        for name in args.data:
            section = write_scene(name, folder / name, args.training, args.test)
            found = configs(name, section, Machine.here(), args.weights, args.steps)
            for kind in args.kinds:
                print(row(name, kind, found[kind], train(found[kind], folder / "runs")), flush=True)


def options(parser: argparse.ArgumentParser) -> None:
    """The options of this benchmark."""
    parser.add_argument("--data", nargs="+", choices=SCENES, default=list(SCENES), help="the data sets")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="the configs")
    parser.add_argument("--weights", default="imagenet", help="of MobileNetV2: as in model.backbone.weights")
    parser.add_argument("--steps", type=int, default=150, help="of each training")
    parser.add_argument("--training", type=int, default=80, help="images to train on")
    parser.add_argument("--test", type=int, default=40, help="images to test on")
    parser.add_argument("--folder", type=Path, help="keeps data, configs and runs there; default: nothing is kept")


def heading() -> str:
    """The first two lines of the table."""
    titles = ["data", "config", "input", *_COLUMNS, "seconds"]
    return f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}"


def row(name: str, kind: str, config: dict, result: Result) -> str:
    """A line of the table."""
    height, width = config["data"].get("image_size", (320, 320))
    values = [result.metrics.get(key) for key in _COLUMNS]
    cells = ["–" if value is None else f"{value:.3f}" for value in values]
    return f"| {' | '.join([name, kind, f'{width}×{height}', *cells, f'{result.seconds:.0f}'])} |"


if __name__ == "__main__":
    run_main(main)
