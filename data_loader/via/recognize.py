"""Recognizes files of VGG Image Annotator."""

import mmap
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from data_loader.errors import DataError
from data_loader.json_file import read_json
from data_loader.layout import SPLITS, Layout, split_of
from data_loader.via.data import images_of

LOOKED_FOR = 'a JSON file with "regions" and "shape_attributes" (VGG Image Annotator)'
_KEYS = (b'"filename"', b'"regions"', b'"shape_attributes"')
_LOOKED_AT = 100


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The files of the splits; see `data_loader.formats.Format`.

    Raises:
        DataError: the images of a file are in no folder below the root.
    """
    splits: dict[str, Any] = {}
    for path in islice(layout.files(".json"), _LOOKED_AT):
        if _is_via(layout.root / path):
            splits.setdefault(split_of(path) or "train", _section(layout, path))
    if splits and "train" not in splits:
        splits["train"] = splits.pop(next(iter(splits)))
    return {split: splits[split] for split in SPLITS if split in splits} or None


def _is_via(path: Path) -> bool:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return all(content.find(key) >= 0 for key in _KEYS)
    except (OSError, ValueError):  # ValueError: an empty file
        return False


def _section(layout: Layout, path: PurePosixPath) -> dict[str, str]:
    listed = images_of(layout.root / path, read_json(layout.root / path, ("filename",))).values()
    named = [item["filename"] for item in listed if isinstance(item, dict) and isinstance(item.get("filename"), str)]
    names = set(named)
    found = {folder: len(names.intersection(inner)) for folder, inner in layout.folders.items()}
    most = max(found.values(), default=0)
    if not most:
        example = f", such as {named[0]}," if named else ""
        raise DataError(f"{layout.root / path}: no image that it names{example} is below {layout.root}.")
    best = min((folder for folder in found if found[folder] == most), key=lambda folder: folder != path.parent)
    return {"annotations": str(path), "images": str(best)}
