"""The command line of `evaluate_main`."""

import argparse
from pathlib import Path

from utils.args import add_config
from utils.errors import UserError


def options(parser: argparse.ArgumentParser) -> None:
    """Adds the options."""
    parser.add_argument("run", nargs="?", type=Path, metavar="RUN", help="folder of a run, in place of --config")
    add_config(parser, required=False)
    parser.add_argument(
        "--ckpt", type=Path, metavar="PATH", help="a run, or a checkpoint of one, under the name that others give it"
    )
    parser.add_argument("--checkpoint", default="best", metavar="best|last|NAME|PATH", help="of the run; default: best")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test", help="default: test")
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="a COCO result file, in place of a network")
    parser.add_argument("--annotations", type=Path, metavar="FILE", help="its ground truth, where no config names it")
    parser.add_argument("--compare", type=Path, metavar="RUN_OR_FILE", help="an evaluated run or a COCO result file")
    parser.add_argument("--score", type=_share, help="threshold of confusion matrix and images; default: best F1")
    parser.add_argument("--bootstrap", type=_count, default=1000, metavar="N", help="resamples; default: 1000; 0: none")
    parser.add_argument("--images", type=_count, default=100, metavar="N", help="worst images shown; default: 100")
    parser.add_argument(
        "--out-path", type=_absolute, metavar="DIR", help="default: evaluation/SPLIT in the run's folder"
    )


def check_options(args: argparse.Namespace) -> None:
    """Refuses options that do not go together, before anything is read; `--ckpt` becomes `run` and `checkpoint`.

    Raises:
        UserError: says what to type instead.
    """
    if args.ckpt:
        _take_ckpt(args)
    if args.run and args.config:
        raise UserError(f"Received the run {args.run} and --config {args.config}: give one of them.")
    if args.annotations and not args.predictions:
        raise UserError("--annotations is the ground truth of --predictions FILE: give that as well.")
    if args.annotations and (args.run or args.config):
        raise UserError("--annotations takes the place of a config's split: leave the run or --config away.")
    if not (args.run or args.config or args.annotations):
        raise UserError(
            "Nothing to evaluate: give the folder of a run (experiments/mine), a config with -c, or --predictions FILE "
            "with --annotations FILE."
        )
    if args.compare and not args.bootstrap:
        raise UserError("--compare needs resamples to say what is within chance: leave --bootstrap 0 away.")
    if args.predictions and args.checkpoint != "best":
        raise UserError("--predictions takes the place of a network: leave --checkpoint away.")


def _take_ckpt(args: argparse.Namespace) -> None:
    """A checkpoint names its run, unless a config says which data it is evaluated on."""
    path = args.ckpt.expanduser()
    single = (path / "checkpoint.json").is_file()
    if args.run or ((args.config or single) and args.checkpoint != "best"):
        raise UserError(f"Received --ckpt {path} and a run or --checkpoint: it takes the place of both, give it alone.")
    if args.config:
        args.checkpoint = str(path)
    elif single:
        path = path.resolve()
        args.run, args.checkpoint = path.parents[1], path.name
    else:
        args.run = path


def _absolute(text: str) -> Path:
    """The current folder, `.`, has no name to put another one beside it."""
    return Path(text).expanduser().resolve()


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value
