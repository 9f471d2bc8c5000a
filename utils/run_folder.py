"""The folder of a run: made once, never overwritten silently."""

import os
import sys
from pathlib import Path
from typing import IO

from utils.alone import claim
from utils.config import Config
from utils.environment import environment
from utils.errors import UserError
from utils.files import write_json

_held: dict[Path, IO[str]] = {}
"""The locks of this process, which the system gives back when it ends, however it ends."""


class RunFolderError(UserError):
    """The folder is taken, or there is nothing to resume."""


def run_name(name: str, data_name: str, synthetic: bool) -> str:
    """The run's name; where the images are `synthetic`, and not those that the config names, it says so.

    Args:
        name: the config's `exp.name`.
        data_name: the data set's `display_name`.
        synthetic: the data set's flag of that name.
    """
    if not synthetic or data_name in name:
        return name
    return data_name if data_name == f"synthetic-{name}" else f"{name}-{data_name}"


def check_root(root: Path) -> None:
    """Makes the folder of the runs; called before data are downloaded and checked, which takes long.

    Raises:
        RunFolderError: it cannot be made or written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(root, error) from error
    if not os.access(root, os.W_OK | os.X_OK):
        raise _not_writable(root, "no permission")


def open_run(config: Config, data_name: str, data_fingerprint: str, resume: bool, synthetic: bool = False) -> Path:
    """Makes the folder of a new run, or finds that of the run to resume, and writes what the run is made from.

    `config.json` is the resolved config, `environment.json` the versions, commit and data. Those of a resumed run are
    written beside the first ones, as `config-2.json` and so on. A start that failed before its first checkpoint and its
    first metrics does not take the name: the next one writes its two files over those.

    Returns:
        `exp.root/<run_name>`.

    Raises:
        RunFolderError: a new run would overwrite one, there is no run to resume, another process uses it, or the folder
            cannot be made or written.
    """
    folder = config.exp.root / run_name(config.exp.name, data_name, synthetic)
    try:
        starts = len(list(folder.glob("environment*.json")))
        _check_start(folder, starts, resume)
        folder.mkdir(parents=True, exist_ok=True)
        hold(folder)
        suffix = f"-{starts + 1}" if resume else ""
        config.save(folder / f"config{suffix}.json")
        described = {"data": data_name, "synthetic": synthetic, "data_fingerprint": data_fingerprint}
        write_json(folder / f"environment{suffix}.json", environment(described))
    except OSError as error:
        raise _not_writable(folder, error) from error
    return folder


def _not_writable(folder: Path, reason: object) -> RunFolderError:
    return RunFolderError(
        f"{folder} cannot be made or written ({reason}). Free it, or name another place: --set exp.root=<folder>."
    )


def _check_start(folder: Path, starts: int, resume: bool) -> None:
    if not resume and (has_checkpoint(folder) or _has_metrics(folder)):
        raise RunFolderError(
            f"{folder} holds a run already. Resume it: --resume. Start another one: --set exp.name=<new name>. Or "
            "remove that folder."
        )
    if resume and not starts:
        found = sorted(path.parent.name for path in folder.parent.glob("*/environment.json"))
        raise RunFolderError(
            f"There is no run {folder} to resume; {folder.parent} holds: {', '.join(found) or 'none'}. Leave "
            "--resume away to start it."
        )


def hold(folder: Path) -> None:
    """Keeps other processes out of a run until this one ends: two at once would mix their checkpoints and metrics.

    Raises:
        RunFolderError: another process has it.
    """
    path = folder.resolve() / ".lock"
    if path in _held:
        return
    try:
        _held[path] = claim(path)
    except BlockingIOError as error:
        raise RunFolderError(
            f"Another process uses {folder}: wait for it, stop it, or start another run with --set exp.name=<new name>."
        ) from error


def has_checkpoint(folder: Path) -> bool:
    """Whether the run was stopped after its first checkpoint."""
    return any((folder / "checkpoints").glob("ckpt-*/checkpoint.json"))


def _has_metrics(folder: Path) -> bool:
    metrics = folder / "metrics.jsonl"
    return metrics.is_file() and metrics.stat().st_size > 0


def source_files(root: Path, *classes: type) -> list[Path]:
    """The Python files that Comet keeps as the run's code.

    Args:
        root: of the project, whose own files are taken without tests and benchmarks.
        classes: that the run is made of; the files of those that a user wrote elsewhere are taken too.
    """
    folders = [
        "utils",
        "base",
        "models",
        "data_loader",
        "inference",
        "evaluation",
        "reporting",
        "tasks",
        "trainers",
        "mains",
    ]
    files = {path.resolve() for folder in folders for path in (root / folder).rglob("*.py")}
    own = (getattr(sys.modules.get(one.__module__), "__file__", None) for one in classes)
    return sorted(files | {Path(path).resolve() for path in own if path})
