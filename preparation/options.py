"""The command line of `mains/prepare_main.py`."""

import argparse
from pathlib import Path

from data_loader.formats import FORMATS
from data_loader.writers import FORMATS as WRITABLE
from preparation.suggest.write import check_writable
from utils.errors import UserError


def options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the main."""
    add = parser.add_argument
    add("data", nargs="?", type=Path, metavar="DATA", help="folder of labelled images, or one annotation file")
    add("-c", "--config", type=Path, metavar="FILE", help="inspect the data of this config instead")
    add("--format", metavar="NAME", help=f"format of DATA: {', '.join(FORMATS)}; otherwise it is recognized")
    add("--classes", nargs="+", default=[], metavar="NAME", help="learn these classes alone, in this order")
    add(
        "--val-fraction", type=float, metavar="X", help="part of the images that validates where DATA has no such split"
    )
    add("--set", dest="overrides", nargs="+", action="extend", default=[], metavar="KEY=VALUE",
        help="further keys of the config, as in data.split_seed=1")  # fmt: skip
    add("--allow-leakage", action="store_true", help="images in several splits are a warning instead of an error")
    add("--write", type=Path, metavar="FILE", help="write a config that fits these data and this machine")
    add("--report", type=Path, metavar="DIR", help="folder of the report; default experiments/prepare-NAME")
    add("--overwrite", action="store_true", help="replace the files of --write and of the report")
    add("--convert", metavar="NAME", help=f"write DATA in another format instead: {', '.join(WRITABLE)}")
    add("--out", type=Path, metavar="DIR", help="folder that --convert writes: a new or empty one")


def check_options(args: argparse.Namespace) -> None:
    """Refuses options that contradict each other, before anything that takes long.

    Raises:
        UserError: names the options.
    """
    if (args.data is None) == (args.config is None):
        raise UserError("give either DATA, a folder or an annotation file, or -c CONFIG")
    if args.config and (args.format or args.classes or args.val_fraction is not None):
        raise UserError(
            "--format, --classes and --val-fraction go with DATA; with -c write --set data.classes=… instead"
        )
    if bool(args.convert) != bool(args.out):
        raise UserError("--convert NAME and --out DIR go together: which format, and where to")
    if args.convert and args.write:
        raise UserError("--convert writes no config: inspect what it has written, with --write")
    if args.write:
        check_writable(args.write, args.overwrite)
