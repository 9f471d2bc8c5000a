"""Downloading a file: mirrors, resume, checksum, and an end to connections that hang."""

import http.client
import json
import logging
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from utils.checksum import Checksum
from utils.download_progress import progress_of
from utils.errors import UserError

_LOGGER = logging.getLogger("maskeras")
_CHUNK = 1 << 18
_MIN_BYTES_PER_S = 256
"""A connection that gives less than this over `timeout_s` hangs, as far as can be known."""
_RESUMES = 5
"""How often an interrupted mirror is asked for the rest."""


class DownloadError(UserError):
    """A file that could not be downloaded: says what each address did."""


class ChecksumError(DownloadError):
    """The last address gave a whole file, and not the one that was meant."""


class _Interrupted(Exception):
    """The connection ended or failed; what came is kept."""


class _WrongContent(Exception):
    """The whole file came and is not the right one."""


def download(urls: Sequence[str], path: Path, checksum: Checksum | None, timeout_s: float) -> Path:
    """Downloads a file from the first of `urls` that gives it whole.

    It is written to `path` + ".part" and renamed once its checksum is right. An interrupted connection is resumed,
    in this call and in the next one, and by whichever address is asked next: the checksum tells whether the pieces fit.
    A wrong one is tried once more from the start.

    Args:
        urls: http or https addresses of the same file, tried in order.
        path: where it goes; its folder is made. A file there with the right checksum is taken as it is.
        checksum: None where nobody gives one: then the length that the server says is all that is checked, and only
            what the same address gave of the same version is resumed.
        timeout_s: a connection is given up when there is no answer for so long, or next to nothing comes.

    Returns:
        `path`.

    Raises:
        DownloadError: no address gave the file; lists what each one did. A `ChecksumError` where the last one gave
            another file.
    """
    if is_whole(path, checksum):
        return path
    reasons = []
    failure = DownloadError
    for left, url in zip(reversed(range(len(urls))), urls, strict=True):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _from_mirror(url, path, checksum, timeout_s)
            return path
        except (_Interrupted, _WrongContent) as error:
            reasons.append(f"{url}: {error}")
            failure = ChecksumError if isinstance(error, _WrongContent) else DownloadError
            if left:  # else the error says it
                _LOGGER.warning("Download failed: %s", reasons[-1])
        except OSError as error:  # the folder cannot be made, the disk is full: no other mirror helps
            raise DownloadError(f"{path}: cannot be written ({error}).") from error
    asked = "; ".join(reasons) or "There is no address to ask"
    raise failure(f"{path.name} could not be downloaded. {asked}.")


def is_whole(path: Path, checksum: Checksum | None) -> bool:
    """Whether the file is there, with this checksum unless that is None."""
    return path.is_file() and (checksum is None or checksum.fits(checksum.of(path)))


def _from_mirror(url: str, path: Path, checksum: Checksum | None, timeout_s: float) -> None:
    part = path.with_name(path.name + ".part")
    for attempt in (1, 2):
        if checksum is None or not is_whole(part, checksum):  # killed after the last byte: all is there
            _complete(url, part, checksum, timeout_s)
        found = checksum.of(part) if checksum else ""
        if checksum is None or checksum.fits(found):
            part.replace(path)
            _note(part).unlink(missing_ok=True)
            return
        part.unlink()
        _note(part).unlink(missing_ok=True)
        reason = f"the file has {checksum.label} {found} instead of {checksum}"
        if attempt == 2:
            raise _WrongContent(f"{reason}, twice")
        _LOGGER.warning("%s: %s; once more from the start.", url, reason)


def _complete(url: str, part: Path, checksum: Checksum | None, timeout_s: float) -> None:
    """Asks for the rest of the file until all of it is there, as long as each answer brings something."""
    for left in reversed(range(_RESUMES + 1)):
        before = _size(part)
        try:
            return _receive(url, part, checksum, timeout_s)
        except _Interrupted as error:
            if not left or _size(part) == before:
                raise
            _LOGGER.warning("%s: %s after %d bytes; resuming.", url, error, _size(part))


def _receive(url: str, part: Path, checksum: Checksum | None, timeout_s: float) -> None:
    """One request: the rest of `part` where the server can, else the file from its start."""
    response = _open(_request(url, part, checksum), timeout_s)
    with response:
        resumed = response.status == http.client.PARTIAL_CONTENT and _starts_at(response, _size(part))
        if not resumed and response.status != http.client.OK:
            part.unlink(missing_ok=True)
            raise _Interrupted(f"unexpected answer {response.status}")
        validator = _validator(response)
        _note(part).write_text(json.dumps({"url": url, "validator": validator}))
        length = response.headers.get("Content-Length")
        start = _size(part) if resumed else 0
        total = start + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file, progress_of(part.stem, start, total) as advance:
            received = start + _copy(response, file.write, advance, timeout_s)
    if total is not None and received < total:
        raise _Interrupted(f"was interrupted at {received} of {total} bytes")


def _copy(response: Any, write: Callable, advance: Callable[[int], None], timeout_s: float) -> int:
    """Writes what comes until the end; returns the number of bytes."""
    received, window_bytes, window_start = 0, 0, time.monotonic()
    while True:
        try:
            chunk = response.read1(_CHUNK)  # read() would wait for a full chunk and never see a trickle
        except (OSError, http.client.HTTPException) as error:
            raise _Interrupted(_reason(error, timeout_s)) from error
        if not chunk:
            return received
        write(chunk)
        advance(len(chunk))
        received += len(chunk)
        window_bytes += len(chunk)
        seconds = time.monotonic() - window_start
        if seconds >= timeout_s:
            if window_bytes < _MIN_BYTES_PER_S * seconds:
                raise _Interrupted(f"only {window_bytes} bytes in {seconds:.0f} s")
            window_bytes, window_start = 0, time.monotonic()


def _request(url: str, part: Path, checksum: Checksum | None) -> urllib.request.Request:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise _Interrupted("is neither an http nor an https address")
    request = urllib.request.Request(url, headers={"Accept-Encoding": "identity", "User-Agent": "maskeras"})
    size, note = _size(part), _read_note(part)
    validator = note.get("validator") if note.get("url") == url else None
    if size and (validator or checksum):  # without a validator the pieces may be of two files: only a checksum can tell
        request.add_header("Range", f"bytes={size}-")
        if validator:
            request.add_header("If-Range", validator)
    return request


def _open(request: urllib.request.Request, timeout_s: float) -> Any:
    """`urlopen` that ends within `timeout_s` whatever hangs: the name service, one of many addresses, the headers."""
    result: list = []

    def ask() -> None:
        try:
            result.append(urllib.request.urlopen(request, timeout=timeout_s))
        except (OSError, http.client.HTTPException, ValueError) as error:
            result.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if not result:
        raise _Interrupted(f"no answer within {timeout_s:g} s")
    answer = result[0]
    if isinstance(answer, urllib.error.HTTPError) and answer.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
        return answer  # the part is not the beginning of the file: `_receive` starts from its first byte
    if isinstance(answer, Exception):
        raise _Interrupted(_reason(answer, timeout_s)) from answer
    return answer


def _reason(error: Exception, timeout_s: float) -> str:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return f"nothing came for {timeout_s:g} s"
    return str(error) or type(error).__name__


def _starts_at(response: Any, offset: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")


def _validator(response: Any) -> str | None:
    """What tells this version of the file from another: a strong ETag, else the time of the last change."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _note(part: Path) -> Path:
    """The file beside `part` that says where it came from."""
    return part.with_name(part.name + ".json")


def _read_note(part: Path) -> dict:
    try:
        note = json.loads(_note(part).read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
