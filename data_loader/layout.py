"""What is in a folder, read once: recognizers of formats look at this instead of the disk."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from data_loader.errors import DataError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".jp2", ".ppm", ".pgm", ".gif"}
)
"""Of files that are taken for images where no annotation names them; in small letters."""

SPLITS = ("train", "val", "test")
_WORDS = {
    "train": "train", "training": "train", "trainval": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test",
}  # fmt: skip
_DEEPEST = 8


@dataclass(frozen=True)
class Layout:
    """The files below a folder, links followed; pipes and devices, which may have no end, are left out.

    Attributes:
        root: the folder.
        folders: each folder, relative to the root, with the sorted names of its files; shallow ones first.
        only: the one annotation file that the user named instead of a folder, relative to the root.
        labels: whether the user asks for a label for each pixel: values of masks are classes then.
    """

    root: Path
    folders: Mapping[PurePosixPath, Sequence[str]]
    only: PurePosixPath | None = None
    labels: bool = False

    def files(self, *suffixes: str) -> Iterator[PurePosixPath]:
        """The files, relative to the root, whose names end so, in small or capital letters; `only` where it is set.

        Without suffixes all of them.
        """
        every = (folder / name for folder, names in self.folders.items() for name in names)
        for path in every if self.only is None else (self.only,):
            if not suffixes or path.name.lower().endswith(suffixes):
                yield path

    def has(self, *parts: str) -> bool:
        """Whether each of these files or folders, relative to the root, is there."""
        return all((self.root / part).exists() for part in parts)

    def images(self, folder: PurePosixPath) -> list[str]:
        """Names of the image files in a folder."""
        return [name for name in self.folders.get(folder, ()) if is_image(name)]


def is_image(name: str) -> bool:
    """Whether a file of this name is taken for an image."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def layout_of(path: Path, deepest: int = _DEEPEST) -> Layout:
    """Lists the files below a folder, or below the folder of an annotation file.

    Args:
        path: a folder, or one file in it.
        deepest: levels of folders that are looked at; 0: the root alone.

    Raises:
        DataError: there is no such file or folder.
    """
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    root = path if path.is_dir() else path.parent
    only = None if path.is_dir() else PurePosixPath(path.name)
    found: dict[PurePosixPath, Sequence[str]] = {}
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True):
        place = PurePosixPath(Path(folder).relative_to(root).as_posix())
        real = os.path.realpath(folder)
        usable = real not in seen  # a link may lead to a folder above it
        seen.add(real)
        inner[:] = sorted(name for name in inner if not name.startswith(".")) if usable else []
        if len(place.parts) >= deepest:
            inner.clear()
        if usable:
            found[place] = sorted(name for name in names if not _has_no_end(Path(folder, name)))
    return Layout(root, dict(sorted(found.items(), key=lambda item: (len(item[0].parts), item[0]))), only)


def _has_no_end(path: Path) -> bool:
    try:
        return path.exists() and not path.is_file()
    except OSError:  # no permission: whoever reads it says so
        return False


def split_of(path: PurePosixPath) -> str | None:
    """The split that the last part of a path names that names one: `valid/a.json` and `a_val2017.json` are "val"."""
    for part in reversed(path.parts):
        words = re.findall("[a-z]+", part.lower())
        named = [_WORDS[word] for word in words if word in _WORDS]
        if named:
            return named[-1]
    return None
