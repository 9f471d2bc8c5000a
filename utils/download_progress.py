"""The progress of a download: a bar in a terminal, else a line now and then."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

_LOGGER = logging.getLogger("maskeras")
_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def progress_of(name: str, start: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """Shows how far a download is.

    Args:
        name: what is downloaded.
        start: bytes that were there before.
        total: bytes of the whole file; None where the server does not say.

    Yields:
        A function to call with the number of bytes that have come.
    """
    if not sys.stderr.isatty():
        yield _line_writer(name, start, total)
        return
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=total, completed=start)
        yield lambda count: bar.advance(task, count)


def _line_writer(name: str, start: int, total: int | None) -> Callable[[int], None]:
    done, due = start, time.monotonic() + _SECONDS_BETWEEN_LINES
    of_total = f" of {total / 2**20:.1f}" if total else ""

    def advance(count: int) -> None:
        nonlocal done, due
        done += count
        if time.monotonic() >= due:
            due = time.monotonic() + _SECONDS_BETWEEN_LINES
            _LOGGER.info("%s: %.1f%s MiB", name, done / 2**20, of_total)

    return advance
