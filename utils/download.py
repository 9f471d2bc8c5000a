"""Downloading a file: mirrors, resume, checksum, and an end to connections that hang."""

import http.client
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
"""A connection that gives less than this over `timeout_s` counts as hanging."""
_RESUMES = 5
"""How often a mirror that is interrupted is requested again."""


class DownloadError(UserError):
    """A file that could not be downloaded: says what each address did."""


class ChecksumError(DownloadError):
    """The last address gave a whole file, and not the one that was meant."""


def download(urls: Sequence[str], path: Path, checksum: Checksum | None, timeout_s: float) -> Path:
    """Downloads a file from the first of `urls` that gives it whole.

    It is written to `path` + ".part" and renamed once its checksum is right. An interrupted connection is resumed,
    in this call and in the next one, and by whichever address is asked next: the checksum shows whether the pieces fit.
    A wrong one is tried once more from the start.

    Args:
        urls: http or https addresses of the same file, tried in order.
        path: where it goes; its folder is made. A file there with the right checksum is taken as it is.
        checksum: None where nobody gives one: then the length that the server says is all that is checked, and an
            interrupted download starts from the beginning, for nothing would show whether two pieces fit.
        timeout_s: a connection is given up when there is no answer for so long, or next to nothing comes.

    Returns:
        `path`.

    Raises:
        DownloadError: no address gave the file; lists what each one did. A `ChecksumError` where the last one gave
            another file.
    """
    if is_whole(path, checksum):
        return path
    reasons, failure = [], DownloadError
    for url in urls:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return _from_mirror(url, path, checksum, timeout_s)
        except DownloadError as error:
            reasons.append(f"{url}: {error}")
            failure = type(error)
            if len(reasons) < len(urls):  # else the error says it
                _LOGGER.warning("Download failed: %s", reasons[-1])
        except OSError as error:  # the folder cannot be made, the disk is full: no other mirror helps
            raise DownloadError(f"{path}: cannot be written ({error}).") from error
    raise failure(f"{path.name} could not be downloaded. {'; '.join(reasons) or 'There is no address to ask'}.")


def is_whole(path: Path, checksum: Checksum | None) -> bool:
    """Whether the file is there, with this checksum unless that is None."""
    return path.is_file() and (checksum is None or checksum.fits(checksum.of(path)))


def _from_mirror(url: str, path: Path, checksum: Checksum | None, timeout_s: float) -> Path:
    part = path.with_name(path.name + ".part")
    reason = ""
    for _ in range(2):
        if checksum is None or not is_whole(part, checksum):  # else a process was killed after the last byte
            _complete(url, part, checksum is not None, timeout_s)
        found = checksum.of(part) if checksum else ""
        if checksum is None or checksum.fits(found):
            return part.replace(path)
        part.unlink()
        reason = f"the file has {checksum.label} {found} instead of {checksum}"
        _LOGGER.warning("%s: %s.", url, reason)
    raise ChecksumError(f"{reason}, twice")


def _complete(url: str, part: Path, may_resume: bool, timeout_s: float) -> None:
    """Asks for the rest of the file until all of it is there, as long as each answer brings something."""
    for left in reversed(range(_RESUMES + 1)):
        before = _size(part)
        try:
            return _receive(url, part, before if may_resume else 0, timeout_s)
        except DownloadError as error:
            if not left or _size(part) == before:
                raise
            _LOGGER.warning("%s: %s after %d bytes; asking again.", url, error, _size(part))


def _receive(url: str, part: Path, start: int, timeout_s: float) -> None:
    """One request: the rest of `part` from byte `start` where the server can, else the file from its beginning."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise DownloadError("is neither an http nor an https address")
    headers = {"Accept-Encoding": "identity", "User-Agent": "maskeras"} | (
        {"Range": f"bytes={start}-"} if start else {}
    )
    try:
        response = _open(urllib.request.Request(url, headers=headers), timeout_s)
    except urllib.error.HTTPError as error:
        if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # it is no beginning of this file
            return _receive(url, part, 0, timeout_s)
        raise DownloadError(str(error)) from error
    with response:
        partial = response.status == http.client.PARTIAL_CONTENT
        resumed = partial and response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if not resumed and response.status != http.client.OK:
            part.unlink(missing_ok=True)
            raise DownloadError(f"unexpected answer {response.status}")
        start = start if resumed else 0
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file, progress_of(part.stem, start, total) as advance:
            received = start + _copy(response, file.write, advance, timeout_s)
    if total is not None and received < total:
        raise DownloadError(f"was interrupted at {received} of {total} bytes")


def _open(request: urllib.request.Request, timeout_s: float) -> Any:
    """`urlopen` that ends within `timeout_s` whatever hangs: the name service, one of many addresses, the headers."""
    result: list[Any] = []

    def ask() -> None:
        try:
            result.append(urllib.request.urlopen(request, timeout=timeout_s))
        except (OSError, http.client.HTTPException, ValueError) as error:
            result.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    answer = result[0] if result else TimeoutError()
    if isinstance(answer, urllib.error.HTTPError):
        raise answer
    if isinstance(answer, Exception):
        raise _failure(answer, timeout_s) from answer
    return answer


def _copy(response: Any, write: Callable, advance: Callable[[int], None], timeout_s: float) -> int:
    """Writes what comes until the end; returns the number of bytes."""
    received, window_bytes, window_start = 0, 0, time.monotonic()
    while True:
        try:
            chunk = response.read1(_CHUNK)  # read() would wait for a full chunk and never see a trickle
        except (OSError, http.client.HTTPException) as error:
            raise _failure(error, timeout_s) from error
        if not chunk:
            return received
        write(chunk)
        advance(len(chunk))
        received += len(chunk)
        window_bytes += len(chunk)
        seconds = time.monotonic() - window_start
        if seconds >= timeout_s:
            if window_bytes < _MIN_BYTES_PER_S * seconds:
                raise DownloadError(f"only {window_bytes} bytes in {seconds:.0f} s")
            window_bytes, window_start = 0, time.monotonic()


def _failure(error: Exception, timeout_s: float) -> DownloadError:
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, TimeoutError):
        return DownloadError(f"nothing came for {timeout_s:g} s")
    return DownloadError(str(error) or type(error).__name__)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
