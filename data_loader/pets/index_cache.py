"""The index of a pets folder, kept between runs.

Its key is made from the names, sizes and times of all files, so a changed file is looked at again.
"""

import contextlib
import gzip
import hashlib
import json
import logging
import os
import uuid
from dataclasses import asdict
from pathlib import Path

from data_loader.pets.index import Entry, Pet, PetsIndex, build_index
from data_loader.validation import BadItem

_LOGGER = logging.getLogger("maskeras")
_VERSION = 2
"""Raised when the index looks at the files in another way or is written in another form."""


def load_index(root: Path, cache: Path | None) -> PetsIndex:
    """The index of `root`: from the folder `cache` where nothing has changed, else built and put there.

    A cache that cannot be read or written costs the time to build the index, nothing else.

    Raises:
        DataError: a list file is missing.
    """
    path = None if cache is None else cache / f"pets-{_state(root)}.json.gz"
    index = _read(path) if path else None
    if index is None:
        _LOGGER.info("Checking every image and mask in %s …", root)
        index = build_index(root)
        if path:
            _write(path, index)
    return index


def _state(root: Path) -> str:
    """A hash over name, size and time of everything that the index is made from."""
    state = [f"{_VERSION} {root.resolve()}"]
    for folder in ("images", "annotations", "annotations/trimaps", "annotations/instances"):
        if (root / folder).is_dir():
            state += sorted(_stat_line(folder, entry) for entry in os.scandir(root / folder) if entry.is_file())
    return hashlib.sha256("\n".join(state).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _stat_line(folder: str, entry: os.DirEntry) -> str:
    stat = entry.stat()
    return f"{folder}/{entry.name} {stat.st_size} {stat.st_mtime_ns}"


def _read(path: Path) -> PetsIndex | None:
    try:
        content = json.loads(gzip.decompress(path.read_bytes()))
        entries = tuple(
            Entry(**entry | {"pets": tuple(Pet(**pet) for pet in entry["pets"])}) for entry in content["entries"]
        )
        return PetsIndex(entries, tuple(BadItem(**item) for item in content["bad"]), content["total"])
    except FileNotFoundError:
        return None
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        _LOGGER.warning("%s: the kept index cannot be used (%s); it is built again.", path, error)
        return None


def _write(path: Path, index: PetsIndex) -> None:
    content = gzip.compress(json.dumps(asdict(index)).encode(), compresslevel=3)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")  # of no other run; opened as any file, so others may read
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        _LOGGER.info("%s: the index is not kept (%s); the next run builds it again.", path.parent, error.strerror)
