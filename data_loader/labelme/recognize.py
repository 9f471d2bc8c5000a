"""Recognizes LabelMe's files."""

import logging
from collections.abc import Collection
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from data_loader.layout import SPLITS, Layout, split_of

LOOKED_FOR = 'a JSON file with "shapes" and "imagePath" for each image (LabelMe)'
_LOGGER = logging.getLogger("maskeras")
_LOOKED_AT = 20
_COUNTED = 1000
"""Files outside of the splits that are opened, to count those of LabelMe."""
_READ = 1 << 22


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The folders of the splits; see `data_loader.formats.Format`."""
    files = [path for path in islice(layout.files(".json"), _LOOKED_AT) if _is_labelme(layout.root / path)]
    if not files:
        return None
    folders = {PurePosixPath(path.parts[0]) for path in layout.files(".json") if len(path.parts) > 1}
    splits = {split: str(folder) for folder in sorted(folders) if (split := split_of(folder))}
    if "train" not in splits:
        return {}
    _warn_of_left_out(layout, splits.values())
    return {split: splits[split] for split in SPLITS if split in splits}


def _warn_of_left_out(layout: Layout, folders: Collection[str]) -> None:
    outside = [path for path in layout.files(".json") if path.parts[0] not in folders]
    left = [path for path in outside[:_COUNTED] if _is_labelme(layout.root / path)]
    if left:
        _LOGGER.warning(
            "%s: %s%d LabelMe files, such as %s, are left out: they are in none of the folders %s. Move them into one.",
            *(layout.root, "at least " * (len(outside) > _COUNTED), len(left), left[0], ", ".join(folders)),
        )


def _is_labelme(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            content = file.read(_READ)
    except OSError:
        return False
    return b'"shapes"' in content and b'"imagePath"' in content
