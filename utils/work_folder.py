"""Folders for what is not whole yet, which no killed process leaves for ever."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def work_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder `prefix…` in `parent`, removed in the end; what is worth keeping is renamed out of it.

    It is locked as long as its process lives, so that `remove_abandoned` knows whether it still does.

    Raises:
        OSError: `parent` does not exist or cannot be written.
    """
    folder, descriptor = _make(parent, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Removes the work folders in `parent` whose process was killed.

    Others, those of other users and those on file systems without locks stay; nothing here is an error.
    """
    for folder in parent.glob(f"{prefix}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def _make(parent: Path, prefix: str) -> tuple[Path, int]:
    """The folder and its open, locked descriptor."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another process took it for abandoned before it was locked
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process is about to remove it
            os.close(descriptor)
            continue
        except OSError:  # no locks here: then nobody removes it either
            return folder, descriptor
        if folder.exists():
            return folder, descriptor
        os.close(descriptor)
