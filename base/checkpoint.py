"""Checkpoints on disk: written whole or not at all, verified when read, the newest and the best kept.

One checkpoint is a folder `ckpt-00007` with `variables.npz` (the arrays) and `checkpoint.json` (counters, position,
metrics, the SHA-256 of the arrays and of itself). It is written under a temporary name, synced and renamed, so a folder
of the final name is complete; what a disk damages afterwards the checksums show. Nothing in it is ever unpickled.
"""

import hashlib
import json
import logging
import os
import shutil
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from base.config import CheckpointConfig
from utils.errors import UserError

log = logging.getLogger("maskeras")

Arrays = dict[str, np.ndarray]
_PREFIX = "ckpt-"
_TEMPORARY = ".writing-"


class CheckpointError(UserError):
    """A checkpoint that is missing or damaged."""


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        arrays: `network/<path>` and `trainer/<name>` → value.
        meta: counters, position in the data, metrics, random states; JSON values only.
        path: the folder it was read from.
    """

    arrays: Arrays
    meta: dict[str, Any]
    path: Path


class CheckpointSaver:
    """The checkpoints of one run.

    Args:
        folder: `experiments/<name>/checkpoints`.
        config: how many stay, and which metric names the best.
    """

    def __init__(self, folder: Path, config: CheckpointConfig):
        self.folder = Path(folder)
        self.config = config
        self._damaged: set[Path] = set()

    def write(self, arrays: Arrays, meta: dict[str, Any]) -> Path:
        """Writes one more checkpoint and removes those that are no longer kept; returns its folder.

        One that cannot be removed is a warning: the new one is safe.

        Args:
            arrays: name → value.
            meta: JSON values; `global_step` and `metrics` are needed.

        Raises:
            CheckpointError: the disk is full or refuses; the checkpoints that were there are untouched.
        """
        try:
            final = self._write_new(arrays, meta)
        except OSError as error:
            self._remove_unfinished()
            raise CheckpointError(
                f"{self.folder}: a checkpoint could not be written ({error}); earlier ones are untouched. Free space "
                "there or repair the disk, then resume with --resume."
            ) from error
        self._remove_old()
        return final

    def _write_new(self, arrays: Arrays, meta: dict[str, Any]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._remove_unfinished()
        newest = self.paths()[-1:]
        number = _number(newest[0]) + 1 if newest else 1
        final = self.folder / f"{_PREFIX}{number:05d}"
        temporary = self.folder / f"{_TEMPORARY}{final.name}"
        temporary.mkdir()
        _write_arrays(temporary / "variables.npz", arrays)
        body = {**meta, "variables_sha256": _sha256(temporary / "variables.npz")}
        _write_synced(temporary / "checkpoint.json", json.dumps({**body, "sha256": _digest(body)}, indent=1).encode())
        _sync_folder(temporary)
        temporary.rename(final)
        _sync_folder(self.folder)
        return final

    def read(self, which: Literal["last", "best"] = "last") -> Checkpoint:
        """Reads the last or the best checkpoint; see `read_checkpoint` for that of a folder.

        A damaged one is passed over with a warning, and the one before it or the next best is taken.

        Raises:
            CheckpointError: there is no sound checkpoint.
        """
        return self._first_sound(self._best_first() if which == "best" else reversed(self.paths()))

    def paths(self) -> list[Path]:
        """The complete checkpoints, oldest first."""
        if not self.folder.is_dir():
            return []
        names = (path for path in self.folder.iterdir() if path.name[len(_PREFIX) :].isdigit() and path.is_dir())
        return sorted((path for path in names if path.name.startswith(_PREFIX)), key=_number)

    def _first_sound(self, paths: Iterable[Path]) -> Checkpoint:
        for path in paths:
            try:
                return read_checkpoint(path)
            except CheckpointError as error:
                log.warning("%s Another one is taken.", error)
                self._damaged.add(path)
        found = "None of the checkpoints is sound." if self._damaged else "There is no checkpoint."
        raise CheckpointError(f"{self.folder}: {found} Start a new run with another exp.name.")

    def _sound(self) -> list[Path]:
        """Those not found to be damaged; a damaged one takes no place among those that are kept."""
        return [path for path in self.paths() if path not in self._damaged]

    def _best_first(self) -> list[Path]:
        values = [(value, path) for path in self._sound() if (value := self._monitored(path)) is not None]
        if not values:
            raise CheckpointError(
                f"{self.folder}: no checkpoint has the metric {self.config.monitor!r}, so none is the best: take "
                "'last', or turn validation on (trainer.validate_every, trainer.checkpoint.monitor)."
            )
        sign = 1 if self.config.mode == "min" else -1
        return [path for _, path in sorted(values, key=lambda pair: sign * pair[0])]

    def _monitored(self, path: Path) -> float | None:
        try:
            value = _read_meta(path)["metrics"].get(self.config.monitor)
        except CheckpointError:
            return None
        return value if value is not None and np.isfinite(value) else None

    def _newest(self) -> list[Path]:
        """Of each of the last `keep` steps the newest: that after a validation takes the place of that before it."""
        by_step: dict[Any, Path] = {}
        for path in self._sound():
            with suppress(CheckpointError):
                by_step[_read_meta(path)["global_step"]] = path
        return sorted(by_step.values(), key=_number)[-self.config.keep :]

    def _remove_old(self) -> None:
        kept = set(self._newest())
        with suppress(CheckpointError):  # nothing validated yet: the newest ones are all there is to keep
            kept.add(self._best_first()[0])
        for path in self.paths():
            if path not in kept:
                # Renamed first: a kill while the files go must not leave half a checkpoint under a good name.
                try:
                    doomed = path.rename(self.folder / f"{_TEMPORARY}removed-{path.name}")
                except OSError as error:
                    log.warning("%s could not be removed: %s.", path, error)
                else:
                    _remove(doomed)

    def _remove_unfinished(self) -> None:
        for path in self.folder.glob(f"{_TEMPORARY}*"):
            _remove(path)


def _number(path: Path) -> int:
    return int(path.name[len(_PREFIX) :])


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        log.warning("%s could not be removed: %s.", path, error)


def find_checkpoint(path: Path, which: str = "best") -> Checkpoint:
    """The checkpoint at `path`, or that of the run whose folder it is.

    Args:
        path: `experiments/pets/checkpoints/ckpt-00012`, or `experiments/pets`.
        which: `"best"` or `"last"` of a run; a run without validations has only a last one. Or the name of a checkpoint
            of the run, `"ckpt-00012"`, or the path of any other, in place of `path`.

    Raises:
        CheckpointError: there is none, or it is damaged.
    """
    if which not in ("best", "last"):
        return find_checkpoint(_named(path / "checkpoints", which))
    if (path / "checkpoint.json").is_file() or not (path / "checkpoints").is_dir():
        return read_checkpoint(path)
    last = CheckpointSaver(path / "checkpoints", CheckpointConfig()).read("last")
    monitor, mode = last.meta.get("monitor", (None, None))
    if which == "last" or monitor is None:
        return last
    saver = CheckpointSaver(path / "checkpoints", CheckpointConfig(monitor=monitor, mode=mode))
    try:
        return saver.read("best")
    except CheckpointError:  # nothing was validated
        return last


def _named(folder: Path, name: str) -> Path:
    """The checkpoint of this name in a run's folder of checkpoints, or the path."""
    below, elsewhere = folder / name, Path(name).expanduser()
    if not below.is_dir() and not elsewhere.is_dir():
        known = ", ".join(path.name for path in CheckpointSaver(folder, CheckpointConfig()).paths())
        raise CheckpointError(
            f"There is no checkpoint {name}: give best, last, the path of one, or one of those in {folder}: "
            f"{known or 'none'}."
        )
    return below if below.is_dir() else elsewhere


def read_checkpoint(folder: Path) -> Checkpoint:
    """Reads and verifies one checkpoint folder.

    Raises:
        CheckpointError: it is not there, a file of it is missing, or a checksum is wrong.
    """
    meta = _read_meta(folder)
    variables = folder / "variables.npz"
    if not variables.is_file() or _sha256(variables) != meta["variables_sha256"]:
        raise CheckpointError(f"The checkpoint {folder} is damaged: variables.npz does not have its checksum.")
    try:
        with np.load(variables, allow_pickle=False) as archive:
            return Checkpoint({key: archive[key] for key in archive.files}, meta, folder)
    except (ValueError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"The checkpoint {folder} does not hold plain arrays: {error}.") from error


def _read_meta(folder: Path) -> dict[str, Any]:
    path = folder / "checkpoint.json"
    if not path.is_file():
        raise CheckpointError(f"There is no checkpoint in {folder}: checkpoint.json is not there.")
    try:
        meta = json.loads(path.read_bytes())
        expected = meta.pop("sha256")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise CheckpointError(
            f"The checkpoint {folder} is damaged: checkpoint.json cannot be read ({error})."
        ) from error
    if _digest(meta) != expected:
        raise CheckpointError(f"The checkpoint {folder} is damaged: checkpoint.json does not have its checksum.")
    return meta


def _digest(meta: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(meta, sort_keys=True).encode()).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_arrays(path: Path, arrays: Arrays) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
