"""Reads JSON files of any size; what cannot be JSON is refused before all of it is in memory."""

import codecs
import json
import mmap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from data_loader.errors import DataError
from data_loader.images import read_bytes

_LARGE = 1 << 26
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)  # the start of UTF-32's other mark is UTF-16's


def read_json(path: Path, words: Sequence[str] = (), hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """What a JSON file holds, in any encoding of Unicode.

    Args:
        path: of the file.
        words: a large file that has none of them is refused unread.
        hook: each object of the file, as soon as it is read → what is kept in its place.

    Raises:
        DataError: the file is missing, cannot be read or is no whole JSON file.
    """
    try:
        if path.is_file() and path.stat().st_size > 0:
            _look(path, words)
        return json.loads(read_bytes(path), object_hook=hook)
    except (ValueError, RecursionError, OSError) as error:
        raise DataError(f"{path}: is no whole JSON file ({error}).") from None


def _look(path: Path, words: Sequence[str]) -> None:
    """Raises ValueError for what has zero bytes, or is large and of something else."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[:4].startswith(_MARKS):
            return
        place = content.find(b"\0")
        if place >= 0:
            raise ValueError(f"a zero byte at {place}: it was not written to its end, or is something else")
        if words and len(content) > _LARGE and not any(content.find(f'"{word}"'.encode()) >= 0 for word in words):
            raise ValueError(f"{len(content)} bytes without one of {', '.join(words)}")
