"""The folder of an evaluation: written whole or not at all, and never over one of something else."""

import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utils.errors import UserError
from utils.files import shell_hint

log = logging.getLogger("maskeras")

IDENTITY = "evaluation"
"""Key of `metrics.json` under which is what was evaluated on what."""


def check_folder(folder: Path, identity: Mapping[str, Any]) -> None:
    """Refuses a folder that holds something else; called before a network runs over a whole split.

    Raises:
        UserError: it is no evaluation, or one of other predictions or data.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    found = evaluation_in(folder)
    if found is None:
        raise UserError(f"{folder} is there and holds no evaluation: give another --out-path.")
    differing = [key for key in identity if found.get(key) != identity[key]]
    if differing:
        changes = "; ".join(f"{key} {found.get(key)} there, {identity[key]} here" for key in differing)
        raise UserError(
            f"{folder} holds another evaluation ({changes}). Remove it, or write elsewhere: --out-path DIR."
        )


def evaluation_in(folder: Path) -> dict[str, Any] | None:
    """What the evaluation in a folder is of; None where there is none."""
    try:
        found = json.loads((folder / "metrics.json").read_bytes())[IDENTITY]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, dict) else None


@contextmanager
def evaluation_folder(folder: Path, identity: Mapping[str, Any]) -> Iterator[Path]:
    """A folder to write into, which takes the place of `folder` when all is written; an error leaves that as it was.

    Raises:
        UserError: as `check_folder`, or it cannot be written.
    """
    check_folder(folder, identity)
    temporary = folder.with_name(f".writing-{os.getpid()}-{folder.name}")
    try:
        temporary.mkdir(parents=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written ({error}): give another --out-path.") from error
    try:
        yield temporary
        _put(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put(temporary: Path, folder: Path) -> None:
    replaced = folder.exists()
    old = folder.with_name(f".replaced-{os.getpid()}-{folder.name}")
    hint = ""
    if replaced:
        hint = shell_hint(folder)
        folder.rename(old)
    temporary.rename(folder)
    if replaced:
        what = "the evaluation of the same predictions and data" if any(old.iterdir()) else "the empty folder"
        shutil.rmtree(old, ignore_errors=True)
        log.info("%s: %s is replaced%s.", folder, what, hint)
