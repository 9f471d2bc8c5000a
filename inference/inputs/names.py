"""Names for the files of the results, made from the names of the images."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

_FORBIDDEN = re.compile(r'[\x00-\x1f<>:"|?*\\\ud800-\udfff]')
"""What some file system does not allow in a name; the last ones stand for bytes of a name that are no UTF-8."""
_LONGEST = 120
"""Bytes of one part of a path: file systems allow 255, and endings are added."""


def unique_stems(names: Sequence[str]) -> list[str]:
    """A relative path without an ending for each name; no two are the same, also where case does not count.

    Folders are kept: `a/x.jpg` gives `a/x`. Where two names differ by their endings alone these become part of the
    stem, `x_jpg` and `x_png`; if it is still taken, a number is added. No stem leaves its folder, whatever the name.
    """
    parts = [_parts(name) for name in names]
    short = ["/".join((*folders, PurePosixPath(last).stem)) for *folders, last in parts]
    counts = Counter(stem.casefold() for stem in short)
    taken: set[str] = set()
    stems = []
    for (*folders, last), stem in zip(parts, short, strict=True):
        wanted = stem if counts[stem.casefold()] == 1 else "/".join((*folders, last.replace(".", "_")))
        stems.append(_free(wanted, taken))
        taken.add(stems[-1].casefold())
    return stems


def well_formed(text: str) -> str:
    """The text with a question mark for what UTF-8 cannot hold, such as the bytes of a file's name that are none."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _parts(name: str) -> list[str]:
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return [_shortened(_FORBIDDEN.sub("_", part)) for part in parts] or ["image"]


def _shortened(part: str) -> str:
    """A long part keeps its start and its ending; a checksum of the whole keeps it apart from others."""
    encoded = part.encode("utf-8")
    if len(encoded) <= _LONGEST:
        return part
    start = encoded[: _LONGEST - 24].decode("utf-8", "ignore")
    return f"{start}-{hashlib.sha256(encoded).hexdigest()[:10]}{PurePosixPath(part).suffix[:10]}"


def _free(wanted: str, taken: set[str]) -> str:
    stem, number = wanted, 2
    while stem.casefold() in taken:
        stem, number = f"{wanted}-{number}", number + 1
    return stem
