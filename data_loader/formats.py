"""Which format a folder has: a table of recognizers, each in the package of its format."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import data_loader.coco.recognize
import data_loader.pets.recognize
import data_loader.voc.recognize
from data_loader.errors import DataError
from data_loader.layout import Layout, layout_of
from utils.registry import nearest

_LOGGER = logging.getLogger("maskeras")


@dataclass(frozen=True)
class Format:
    """How a format is recognized.

    Attributes:
        looked_for: what a folder of this format has, for messages.
        recognize: what is in a folder → the keys of the section `data` besides `name` and `root`, or None where the
            folder has another format. Raises `DataError` where it has this format but cannot be used.
    """

    looked_for: str
    recognize: Callable[[Layout], dict[str, Any] | None]


FORMATS: Mapping[str, Format] = {
    "pets": Format(data_loader.pets.recognize.LOOKED_FOR, data_loader.pets.recognize.recognize),
    "voc": Format(data_loader.voc.recognize.LOOKED_FOR, data_loader.voc.recognize.recognize),
    "coco": Format(data_loader.coco.recognize.LOOKED_FOR, data_loader.coco.recognize.recognize),
}
"""Name of a data set in the registry → its recognizer; the most specific layout first."""


def recognize(path: Path, name: str | None = None) -> dict[str, Any]:
    """The section `data` that reads a folder, with as few keys as it needs: `{"name": "coco", "root": …, "train": …}`.

    Little is read: names of files, and the beginnings of some.

    Args:
        path: a folder, or one annotation file.
        name: of a format; None: that which the folder has, of several the most specific one.

    Raises:
        DataError: there is no such folder or format, or the folder has none that is known; the message lists what was
            looked for.
    """
    if name is not None and name not in FORMATS:
        near = nearest(name, FORMATS)
        hint = f'; did you mean "{near}"?' if near else ""
        raise DataError(f'there is no format "{name}"{hint} Choices: {", ".join(FORMATS)}.')
    layout = layout_of(path)
    wanted = FORMATS if name is None else {name: FORMATS[name]}
    found, unusable = _found(layout, wanted)
    if found:
        taken, section = next(iter(found.items()))
        if len(found) > 1:
            others = ", ".join(list(found)[1:])
            _LOGGER.warning("%s has the formats %s and %s: %s is taken.", path, taken, others, taken)
        return {"name": taken, "root": str(layout.root)} | section
    if unusable:
        raise DataError("\n".join(unusable))
    lines = [f"  {key}: {wanted[key].looked_for}" for key in wanted]
    raise DataError("\n".join([f"{path}: has no format that is known. Looked for:", *lines]))


def _found(layout: Layout, wanted: Mapping[str, Format]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Name → section of each format that the folder has, and why it cannot be used in others."""
    found, unusable = {}, []
    for name, kind in wanted.items():
        try:
            section = kind.recognize(layout)
        except DataError as error:
            unusable.append(str(error))
            continue
        if section is not None:
            found[name] = section
    return found, unusable
