"""A file from the net into a cache folder, with a limit on how long a silent connection is borne."""

import contextlib
import hashlib
import os
import queue
import threading
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any

from models.backbones.architecture import Pretrained

SILENCE = 7.0
"""Seconds to wait for an answer, and again for each next piece; both together stay below 15 s."""

_PIECE = 1 << 18


class FetchError(OSError):
    """The file could not be had; the message says why."""


def cache_folder() -> Path:
    """Keras' own folder for downloaded weights, so that each is fetched once on a machine."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def fetch(source: Pretrained, folder: Path, silence: float = SILENCE) -> Path:
    """The path of `source` in `folder`; downloads it if it is not there with the right checksum.

    The file appears under its name only when it is whole.

    Args:
        source: what to get.
        folder: made if it does not exist.
        silence: seconds without an answer, or without a next piece, after which the connection is given up.

    Raises:
        FetchError: no answer in time, a refusal, a broken or damaged download, a folder that cannot be written.
    """
    target = folder / source.url.rpartition("/")[2]
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.is_file() and _checksum_fits(target, source.md5):
            return target
        folder.mkdir(parents=True, exist_ok=True)
        with _open(source.url, silence) as response:
            _write(response, part)
        if not _checksum_fits(part, source.md5):
            raise FetchError("the downloaded file is damaged (wrong MD5)")
        part.replace(target)
    except FetchError:
        raise
    except (OSError, HTTPException) as error:
        raise FetchError(f"{type(error).__name__}: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return target


def _open(url: str, silence: float) -> Any:
    # A name with many addresses that all hang would take the time-out once for each, and looking up the name has none
    # at all. So another thread connects, and this one waits only so long.
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def connect() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=silence))
        except (OSError, HTTPException) as error:
            answers.put(error)

    threading.Thread(target=connect, name="fetch", daemon=True).start()
    try:
        answer = answers.get(timeout=silence)
    except queue.Empty:
        raise FetchError(f"no answer within {silence:g} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _write(response: Any, part: Path) -> None:
    expected, received = response.headers.get("Content-Length"), 0
    with part.open("wb") as file:
        while piece := response.read1(_PIECE):
            file.write(piece)
            received += len(piece)
    if expected is not None and received != int(expected):
        raise FetchError(f"the connection broke off after {received} of {expected} bytes")


def _checksum_fits(path: Path, md5: str | None) -> bool:
    if md5 is None:
        return True
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() == md5
