"""data.yaml: the classes, and the images of each split."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from data_loader.errors import DataError
from data_loader.images import read_bytes
from data_loader.layout import SPLITS, is_image, layout_of
from data_loader.shapes import shown

_LARGEST = 1 << 22
_NO_BREAKS = {0x85: "\U000f0085", 0x2028: "\U000f2028", 0x2029: "\U000f2029"}
"""What PyYAML takes for the end of a line, though to YAML 1.2 it is a character like others → what stands for it."""


@dataclass(frozen=True)
class Description:
    """What a data.yaml says.

    Attributes:
        names: class id → name; ids count from 0 and may have gaps.
        splits: of each split that it names, the image files in order, each once; they need not be there.
    """

    names: Mapping[int, str]
    splits: Mapping[str, Sequence[Path]]


def read_description(path: Path) -> Description:
    """Reads the file and lists the images of its folders.

    Raises:
        DataError: it is missing or no YAML, has no names or no train, or a folder or list that it names is missing.
    """
    content = read_yaml(path)
    names = _names(path, content)
    try:
        folder = _folder(path, content.get("path"))
        splits = {split: _images(path, folder, split, content[split]) for split in SPLITS if content.get(split)}
    except OSError as error:
        raise DataError(f"{path}: names a place that cannot be looked into ({str(error)[:200]}).") from error
    if "train" not in splits:
        raise DataError(f"{path}: has no train: write the folder of the training images there.")
    return Description(names, splits)


def read_yaml(path: Path) -> dict[str, Any]:
    """The keys of a YAML file.

    Raises:
        DataError: it is missing, no YAML, or not made of keys.
    """
    content = read_bytes(path)
    if len(content) > _LARGEST:
        raise DataError(f"{path}: has {len(content)} bytes; a file that describes a data set has a few thousand.")
    try:
        found = yaml.load(_text(content).translate(_NO_BREAKS), _Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, or a date that is none
        raise DataError(f"{path}: is no YAML file ({' '.join(str(error).split())[:200]}).") from None
    if not isinstance(found, dict):
        raise DataError(f"{path}: has no keys such as names and train.")
    return found


class _Loader(yaml.SafeLoader):
    """Gives the characters back for which others stand."""

    def construct_scalar(self, node: yaml.ScalarNode) -> str:
        text = super().construct_scalar(node)
        return text.translate({ord(other): character for character, other in _NO_BREAKS.items()})


def _text(content: bytes) -> str:
    """As PyYAML decodes it: UTF-16 with its mark, else UTF-8."""
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if marked else "utf-8")


def _names(path: Path, content: Mapping[str, Any]) -> dict[int, str]:
    given, count = content.get("names"), content.get("nc")
    listed = dict(enumerate(given)) if isinstance(given, list) else given
    if not isinstance(listed, dict) or not listed:
        raise DataError(f"{path}: needs names, a list or id: name; received {shown(given)}.")
    if not all(type(number) is int and number >= 0 for number in listed):
        raise DataError(f"{path}: the ids of names are whole numbers from 0; received {shown(list(listed))}.")
    if isinstance(given, list) and count is not None and count != len(given):
        raise DataError(f"{path}: nc is {shown(count)}, but names has {len(given)} names.")
    names = {number: str(name).strip() for number, name in listed.items()}
    if len(set(names.values())) < len(names) or not all(names.values()):
        raise DataError(f"{path}: a name of names is empty or given twice: {shown(list(names.values()))}.")
    return names


def _folder(path: Path, given: Any) -> Path:
    """What the splits are relative to: `path` where there is such a folder, else that of the file."""
    if isinstance(given, str) and "\0" not in given:
        for base in (path.parent, path.parent.parent):  # the second: `path` names the folder of the file
            if (base / given).is_dir():
                return base / given
    return path.parent


def _images(path: Path, folder: Path, split: str, given: Any) -> list[Path]:
    places = given if isinstance(given, list) else [given]
    if not all(isinstance(place, str) and place and "\0" not in place for place in places):
        raise DataError(f"{path}: {split} is a folder, a list of folders or a .txt file; received {shown(given)}.")
    return list(dict.fromkeys(image for place in places for image in _of_place(path, folder, split, place)))


def _of_place(path: Path, folder: Path, split: str, place: str) -> list[Path]:
    found = folder / place
    if not found.exists() and place.startswith("../"):  # as Roboflow writes it, relative to a folder of its own
        found = folder / place.removeprefix("../")
    if found.is_dir():
        layout = layout_of(found)
        return sorted(
            found / inner / name for inner, names in layout.folders.items() for name in names if is_image(name)
        )
    if found.suffix == ".txt" and found.is_file():
        lines = read_bytes(found).decode("utf-8", errors="replace").split("\n")
        return [found.parent / line.strip() for line in lines if line.strip()]
    raise DataError(f"{path}: {split} names {place}, but {found} is neither a folder nor a list (.txt) of images.")
