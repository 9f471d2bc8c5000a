"""The folder of a run: made once, never overwritten silently."""

import json
from pathlib import Path
from typing import Any

from utils.config import Config
from utils.environment import environment
from utils.errors import UserError


class RunFolderError(UserError):
    """The folder is taken, or there is nothing to resume."""


def run_name(name: str, data_name: str) -> str:
    """The run's name; it says so when the pictures are not those that the config asks for (`synthetic-…`)."""
    if not data_name.startswith("synthetic") or data_name in name:
        return name
    return data_name if name in data_name else f"{name}-{data_name}"


def open_run(config: Config, data_name: str, data_fingerprint: str, resume: bool) -> Path:
    """Makes the folder of a new run, or finds that of the run to go on with, and writes what the run is made from.

    `config.json` is the resolved config, `environment.json` the versions, commit and data. Those of a resumed run stand
    beside the first ones, as `config-2.json` and so on.

    Returns:
        `exp.root/<name>`; the name says so where the pictures are drawn (`run_name`).

    Raises:
        RunFolderError: a new run would overwrite one, or there is no run to resume.
    """
    folder = config.exp.root / run_name(config.exp.name, data_name)
    starts = len(list(folder.glob("environment*.json")))
    if starts and not resume:
        raise RunFolderError(
            f"{folder} holds a run already. Go on with it: --resume. Start another one: --set exp.name=<new name>. Or "
            "remove that folder."
        )
    if resume and not starts:
        found = sorted(path.parent.name for path in config.exp.root.glob("*/environment.json"))
        raise RunFolderError(
            f"There is no run {folder} to resume; {config.exp.root} holds: {', '.join(found) or 'none'}. Leave "
            "--resume away to start it."
        )
    folder.mkdir(parents=True, exist_ok=True)
    suffix = f"-{starts + 1}" if starts else ""
    config.save(folder / f"config{suffix}.json")
    described = {"data": data_name, "data_fingerprint": data_fingerprint}
    write_json(folder / f"environment{suffix}.json", environment(described))
    return folder


def has_checkpoint(folder: Path) -> bool:
    """Whether the run was stopped after its first checkpoint."""
    return any((folder / "checkpoints").glob("ckpt-*/checkpoint.json"))


def write_json(path: Path, value: Any) -> None:
    """Writes readable JSON, whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def source_files(root: Path) -> list[Path]:
    """The project's own Python files, without tests and benchmarks: what Comet keeps as the run's code."""
    folders = ("base", "models", "trainers", "data_loader", "mains", "utils")
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
