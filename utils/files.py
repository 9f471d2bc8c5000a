"""Files that appear whole or not at all."""

import json
import os
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from utils.errors import UserError

UNFINISHED = ".writing-"
"""What the names of files that are not whole yet start with; a crash leaves them."""


def check_place(path: Path) -> None:
    """Whether a file can be written there, with the folders that are missing; nothing is made.

    To be asked before anything that takes long.

    Raises:
        UserError: it cannot.
    """
    try:
        above = next(folder for folder in path.absolute().parents if folder.exists())
        reason = "" if above.is_dir() else f"{above} is no folder"
        if not reason and not os.access(above, os.W_OK | os.X_OK):
            reason = f"no permission to write in {above}"
        if path.is_dir():
            reason = "it is a folder"
    except OSError as error:
        reason = str(error)
    if reason:
        raise UserError(f"{path}: cannot be written ({reason}): name another place.")


def check_new(path: Path, overwrite: bool = False) -> None:
    """As `check_place`; and that there is no such file yet, unless `overwrite`.

    Raises:
        UserError: it cannot be written, or would be replaced.
    """
    check_place(path)
    if path.exists() and not overwrite:
        raise UserError(f"{path}: there is such a file already: give another name, or --overwrite to replace it.")


def shell_hint(folder: Path) -> str:
    """The end of a message that this folder is replaced: a shell that is in or below it stays in the old one; else
    empty. To be asked before the folder is replaced.

    Args:
        folder: absolute.
    """
    try:
        inside = Path.cwd().is_relative_to(folder.resolve())
    except OSError:  # somebody removed the current folder
        return ""
    return f"; type `cd {shlex.quote(str(folder))}` to see the new folder" if inside else ""


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to be written bit by bit, under another name until all of it is on the disk. Missing folders are made.

    A crash in between leaves the file that was there. Several threads may write in one folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not after the file: what a crash leaves must not be taken for one of its kind (TensorBoard reads *tfevents*).
    temporary = path.with_name(f"{UNFINISHED}{os.getpid()}-{threading.get_ident()}.tmp")
    with temporary.open("wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def write_whole(path: Path, content: str | bytes) -> None:
    """Writes a file with `whole_file`; text is UTF-8."""
    with whole_file(path) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


def write_json(path: Path, value: Any) -> None:
    """Writes readable JSON with `write_whole`; what has no JSON form is a TypeError, and nothing is written."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")
