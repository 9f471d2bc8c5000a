"""Recognizes annotation files in COCO's format, and finds the folders of their images."""

import json
import logging
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from data_loader.errors import DataError
from data_loader.images import is_file, read_bytes
from data_loader.layout import SPLITS, Layout, layout_of, split_of

LOOKED_FOR = (
    'JSON files with the lists "images", "annotations" and "categories", and segmentations (COCO); '
    "train, val or test in their names or folders makes the splits"
)
_LOGGER = logging.getLogger("maskeras")
_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_SEGMENTED = re.compile(rb'"segmentation"|"annotations"\s*:\s*\[\s*\]')
"""Masks, not boxes or keypoints alone; or no annotation at all, as a split without objects may have."""
_NAME = re.compile(rb'"file_name"\s*:\s*("(?:[^"\\]|\\.)*")')
_LOOKED_AT = 100
_NAMES = 50
_BEGINNING = 1 << 20


@dataclass(frozen=True)
class _File:
    """An annotation file, its first names of images, and the folder they are below; both relative to the root."""

    path: PurePosixPath
    names: Sequence[str]
    images: PurePosixPath


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The files and image folder of each split; see `data_loader.formats.Format`.

    Raises:
        DataError: the images of the files are in no folder below the root; or a file has a part of the format only.
    """
    largest = _largest(layout)
    named = {path: names for path in largest if (names := image_names(layout.root / path))}
    if not named:
        _refuse_parts([layout.root / path for path in largest])
        return None
    files = [found for path, names in named.items() if (found := _with_images(layout, path, names))]
    if not files and layout.only and layout.root.parent != layout.root:  # annotations/train.json beside images/
        above = layout_of(layout.root.parent, deepest=2)
        section = recognize(replace(above, only=PurePosixPath(layout.root.name) / layout.only))
        return None if section is None else {"root": str(above.root)} | section
    if not files:
        path, names = next(iter(named.items()))
        raise DataError(f"{layout.root / path}: no image that it names, such as {names[0]}, is below {layout.root}.")
    splits = {split: _section(of_split) for split in SPLITS if (of_split := _of_split(files, split))}
    return splits if "train" in splits else {"train": splits.pop(next(iter(splits)))} | splits


def image_names(path: Path) -> list[str]:
    """The first names of images in a file of COCO's format, without reading all of it; none where it has another."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if any(content.find(key) < 0 for key in _KEYS) or not _SEGMENTED.search(content):
                return []
            found = [match[1] for match in islice(_NAME.finditer(content), _NAMES)]
    except (OSError, ValueError):  # ValueError: an empty file
        return []
    try:
        return [json.loads(name) for name in found]
    except ValueError:
        return []


def _refuse_parts(paths: Sequence[Path]) -> None:
    """Raises DataError for a file that begins as COCO's do and lacks a part: cut off, or made for boxes alone."""
    for path in paths:
        try:
            with path.open("rb") as file:
                beginning = file.read(_BEGINNING)
        except OSError:  # no permission
            continue
        if b'"images"' not in beginning or not _NAME.search(beginning):
            continue
        content = read_bytes(path)
        missing = [key.decode() for key in _KEYS if key not in content] or ['"segmentation"']
        raise DataError(
            f"{path}: begins as a file of COCO's format, but has no {', no '.join(missing)}: it is cut off, or "
            "not made for segmentation."
        )


def _largest(layout: Layout) -> list[PurePosixPath]:
    """The largest JSON files in the order of their paths: a folder may have one for each image, of another format."""
    files = (path for path in layout.files(".json") if (layout.root / path).is_file())
    paths = sorted(files, key=lambda path: -(layout.root / path).stat().st_size)
    return sorted(paths[:_LOOKED_AT])


def _with_images(layout: Layout, path: PurePosixPath, names: Sequence[str]) -> _File | None:
    """The file with the folder that most of its images are below; of equal ones that of its split, then its own."""
    folders = {folder: sum(is_file(layout.root / folder / name) for name in names) for folder in layout.folders}
    most = max(folders.values(), default=0)
    split = split_of(path)
    best = sorted(
        (folder for folder, count in folders.items() if count == most),
        key=lambda folder: (split_of(folder) != split, folder != path.parent, len(folder.parts), folder),
    )
    return _File(path, tuple(names), best[0]) if most else None


def _of_split(files: Sequence[_File], split: str) -> list[_File]:
    """The files of a split that can be joined: in one image folder, and of different images.

    Where COCO's own files are together, those of instances go before those of keypoints.
    """
    named = [file for file in files if (split_of(file.path) or "train") == split]
    named.sort(key=lambda file: (not file.path.name.startswith("instances"), file.path))
    joined: list[_File] = []
    for file in named:
        if all(file.images == other.images and not set(file.names) & set(other.names) for other in joined):
            joined.append(file)
        else:
            _LOGGER.warning("%s is left out: it has the images of %s, or others.", file.path, joined[0].path)
    return joined


def _section(files: Sequence[_File]) -> dict[str, Any]:
    return {"annotations": [str(file.path) for file in files], "images": str(files[0].images)}
