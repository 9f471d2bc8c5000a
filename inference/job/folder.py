"""The folder of the results: made once, resumed with the same settings only, never mixed with anything else."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from inference.inputs.files import SETTINGS
from utils.alone import claim
from utils.errors import UserError
from utils.files import UNFINISHED, shell_hint, write_json

_LOGGER = logging.getLogger("maskeras")
JOURNAL = "predictions.jsonl"
"""What was predicted so far, see `inference.job.journal`."""


class ResultsError(UserError):
    """The folder is taken, holds the results of something else, or cannot be written."""


@contextmanager
def open_results(
    folder: Path, settings: Mapping[str, Any], restart: bool = False, resumable: bool = True
) -> Iterator[bool]:
    """Makes the folder, or finds that its prediction may be resumed; other processes are kept out meanwhile.

    Args:
        folder: of the results; absolute, since it may be the current one, which `restart` moves.
        settings: of the prediction, by name; JSON values. They are written to `predict.json`.
        restart: moves the predictions that are there to a folder beside it and starts again.
        resumable: whether the inputs can be read once more.

    Yields:
        Whether there was a prediction to resume.

    Raises:
        ResultsError: the folder holds other files or the results of other settings, another process writes there, or
            it cannot be made.
    """
    try:
        if restart and folder.is_dir():
            _move_aside(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock = _lock(folder)
    except OSError as error:
        raise _not_writable(folder, error) from error
    with lock:
        try:
            resumed = _checked(folder, json.loads(json.dumps(settings)), resumable)
        except OSError as error:
            raise _not_writable(folder, error) from error
        yield resumed


def _not_writable(folder: Path, error: OSError) -> ResultsError:
    return ResultsError(f"{folder}: cannot be made or written ({error}); choose another --out-path.")


def _checked(folder: Path, settings: dict[str, Any], resumable: bool) -> bool:
    path = folder / SETTINGS
    resumes = path.is_file()
    for unfinished in folder.rglob(f"{UNFINISHED}*") if resumes else folder.glob(f"{UNFINISHED}*"):
        unfinished.unlink()
    if not resumes:
        others = sorted(found.name for found in folder.iterdir() if not found.name.startswith("."))
        if others:
            raise ResultsError(
                f"{folder} holds files of something else ({', '.join(others[:3])}{' …' * (len(others) > 3)}); choose a "
                "new folder, or an empty one."
            )
        write_json(path, settings)
        return False
    if not (folder / JOURNAL).exists() or not (folder / JOURNAL).stat().st_size:  # it failed before its first image
        write_json(path, settings)
        return False
    if not resumable:
        raise ResultsError(f"{folder} holds predictions, and a camera cannot be resumed; choose another, or --restart.")
    differences = _differences(_read(path), settings)
    if differences:
        raise ResultsError(
            f"{folder} holds predictions with other settings:\n  " + "\n  ".join(differences) + "\nResume with the "
            "settings of then, choose another --out-path, or start again by --restart, which moves the old ones aside."
        )
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ResultsError(f"{path} is damaged; choose another --out-path, or start again by --restart.")
    return found


def _differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    keys = [key for key in {**then, **now} if then.get(key) != now.get(key)]
    return [f"{key}: {json.dumps(then.get(key))} then, {json.dumps(now.get(key))} now" for key in keys]


def _move_aside(folder: Path) -> None:
    """Nothing is removed: labels that somebody corrected may be among the files."""
    with _lock(folder):
        if not (folder / SETTINGS).is_file():  # files of something else, which are refused
            return
        number, hint = 1, shell_hint(folder)
        while (aside := folder.with_name(f"{folder.name}-old-{number}")).exists():
            number += 1
        folder.rename(aside)
    _LOGGER.info("What was in %s is in %s now%s.", folder, aside, hint)


def _lock(folder: Path) -> IO[str]:
    try:
        return claim(folder / ".lock")
    except BlockingIOError:
        raise ResultsError(f"Another process writes its predictions to {folder}: choose another --out-path.") from None
