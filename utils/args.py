"""The command line that all mains share."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from utils.errors import UserError
from utils.redact import mask_text


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        super().error(mask_text(message))


def parse_args(
    description: str,
    extra: Callable[[argparse.ArgumentParser], None] | None = None,
    argv: Sequence[str] | None = None,
    resumes: bool = False,
    config: bool = True,
) -> argparse.Namespace:
    """Reads the command line; a wrong one is an error with the usage, exit code 2.

    Args:
        description: what the main does, for `--help`.
        extra: adds the main's own options to the parser.
        argv: the words to read; the process's own by default.
        resumes: whether the main can resume a run: adds `--resume`.
        config: whether the main starts from a config: adds `--config` and `--set`.

    Returns:
        `config` (path as typed) and `overrides` (list of `a.b.c=value`) where `config`, `resume` (bool) where
        `resumes`, and what `extra` added.
    """
    parser = _Parser(description=description, allow_abbrev=False)
    if config:
        add_config(parser)
    if resumes:
        parser.add_argument("--resume", action="store_true", help="resume from the run's last checkpoint")
    if extra is not None:
        extra(parser)
    return parser.parse_args(argv)


def add_config(parser: argparse.ArgumentParser, required: bool = True, several: bool = False) -> None:
    """Adds `--config` and `--set`.

    Args:
        parser: to add to.
        required: whether there must be a config.
        several: whether `config` is a list of one path or more.
    """
    what = "the configs" if several else "the config"
    nargs = "+" if several else None
    parser.add_argument("-c", "--config", required=required, nargs=nargs, metavar="FILE", help=f"{what}, JSON or YAML")
    parser.add_argument(
        "--set",
        dest="overrides",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help="override keys of the config, as in trainer.epochs=3; values are JSON, or else strings",
    )


def run_main(main: Callable[[], int | None]) -> NoReturn:
    """Calls `main` and ends the process: with its return value (None is 0) as exit code.

    An error that the user can correct is one message on stderr and the error's exit code, Ctrl-C is 130. Any other
    exception goes through, with its traceback and exit code 1.
    """
    try:
        code = main()
    except UserError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(130)
    sys.exit(code or 0)
