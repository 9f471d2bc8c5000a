"""Which mask files belong to which image."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePosixPath

from data_loader.layout import Layout, is_image

_HOLES = {"*": "[^/]*", "{stem}": "(?P<stem>[^/]+)", "{class}": "(?P<class>[^/]+)"}
_HOLE = re.compile(r"(\*|\{stem\}|\{class\})")


@dataclass(frozen=True)
class Mask:
    """A mask file, relative to the root, and the class that its path names, if it does."""

    path: PurePosixPath
    label: str | None = None


def images_of(layout: Layout, pattern: str) -> list[PurePosixPath]:
    """The images that a pattern names, relative to the root; a folder alone means all images in it."""
    folder = PurePosixPath(pattern)
    if folder in layout.folders:
        return [folder / name for name in layout.images(folder)]
    return [path for path, _ in _matches(layout, pattern) if is_image(path.name)]


def masks_of(layout: Layout, pattern: str, stems: Iterable[str]) -> Mapping[str, list[Mask]]:
    """Stem of an image → its masks in the order of their names.

    A file that fits two images, as `a_1_2.png` fits `a` and `a_1` for `{stem}_*.png`, belongs to the longer name.
    """
    known = set(stems)
    found: dict[str, list[Mask]] = defaultdict(list)
    for path, match in _matches(layout, pattern):
        stem = _longest(match["stem"], known, path, pattern)
        if stem is not None:
            found[stem].append(Mask(path, match.groupdict().get("class")))
    return found


def _matches(layout: Layout, pattern: str) -> Iterator[tuple[PurePosixPath, re.Match[str]]]:
    """The files that fit a pattern. There may be a folder for each image: only those that can fit are looked into."""
    expression = _expression(pattern)
    above = PurePosixPath(pattern).parent
    fixed = tuple(takewhile(lambda part: not _HOLE.search(part), above.parts))
    fitting = (folder for folder in layout.folders if len(folder.parts) == len(above.parts))
    for folder in [above] if fixed == above.parts else fitting:
        if folder.parts[: len(fixed)] == fixed:
            for name in layout.folders.get(folder, ()):
                match = expression.fullmatch((folder / name).as_posix())
                if match is not None:
                    yield folder / name, match


def _longest(widest: str, known: set[str], path: PurePosixPath, pattern: str) -> str | None:
    """The longest name of an image that the beginning of `widest`, the greediest match, is."""
    if widest in known:
        return widest
    shorter = (widest[:end] for end in range(len(widest) - 1, 0, -1))
    return next((stem for stem in shorter if stem in known and _fits(stem, path, pattern)), None)


def _fits(stem: str, path: PurePosixPath, pattern: str) -> bool:
    before, after = pattern.split("{stem}")
    expression = _expression(before).pattern + re.escape(stem) + _expression(after).pattern
    return re.fullmatch(expression, path.as_posix()) is not None


def _expression(pattern: str) -> re.Pattern[str]:
    pieces = _HOLE.split(pattern)
    return re.compile("".join(_HOLES.get(piece, re.escape(piece)) for piece in pieces))
