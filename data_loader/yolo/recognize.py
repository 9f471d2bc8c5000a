"""Recognizes YOLO's segmentation format."""

from pathlib import PurePosixPath
from typing import Any

from data_loader.errors import DataError
from data_loader.layout import Layout
from data_loader.yolo.description import read_yaml

LOOKED_FOR = "a YAML file with names and train, such as data.yaml, and .txt files with a polygon a line (YOLO)"
_DEEPEST = 2


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The YAML file; see `data_loader.formats.Format`.

    Raises:
        DataError: there are folders images and labels with text files, but no YAML file has the names of the classes.
    """
    files = [path for path in layout.files(".yaml", ".yml") if len(path.parts) <= _DEEPEST and _describes(layout, path)]
    if files:
        file = sorted(files, key=lambda path: (len(path.parts), path.name != "data.yaml", path))[0]
        return {"root": str(layout.root / file.parent), "file": file.name}
    labels = [folder for folder in layout.folders if _has_labels(layout, folder)]
    if labels and not layout.only:
        raise DataError(
            f"{layout.root / labels[0]} has label files of YOLO, but no YAML file names the classes: write "
            f"{layout.root / 'data.yaml'} with names, train and perhaps val."
        )
    return None


def _describes(layout: Layout, path: PurePosixPath) -> bool:
    try:
        content = read_yaml(layout.root / path)
    except DataError:
        return False
    return "names" in content and "train" in content


def _has_labels(layout: Layout, folder: PurePosixPath) -> bool:
    if "labels" not in folder.parts or not any(name.endswith(".txt") for name in layout.folders[folder]):
        return False
    images = PurePosixPath(*("images" if part == "labels" else part for part in folder.parts))
    return bool(layout.images(images))
