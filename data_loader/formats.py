"""Which format a folder has: a table of recognizers, each in the package of its format."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from data_loader.cityscapes import recognize as cityscapes
from data_loader.coco import recognize as coco
from data_loader.errors import DataError
from data_loader.labelme import recognize as labelme
from data_loader.layout import Layout, layout_of
from data_loader.mask_folder import recognize as mask_folder
from data_loader.pets import recognize as pets
from data_loader.via import recognize as via
from data_loader.voc import recognize as voc
from data_loader.wgisd import recognize as wgisd
from data_loader.yolo import recognize as yolo
from utils.registry import nearest

_LOGGER = logging.getLogger("maskeras")


@dataclass(frozen=True)
class Format:
    """How a format is recognized.

    Attributes:
        looked_for: what a folder of this format has, for messages.
        recognize: what is in a folder → the keys of the section `data` besides `name` and `root`, or None where the
            folder has another format. Raises `DataError` where it has this format but cannot be used.
        last: whether it is looked for only where no other format is there.
    """

    looked_for: str
    recognize: Callable[[Layout], dict[str, Any] | None]
    last: bool = False


FORMATS: Mapping[str, Format] = {
    "pets": Format(pets.LOOKED_FOR, pets.recognize),
    "voc": Format(voc.LOOKED_FOR, voc.recognize),
    "cityscapes": Format(cityscapes.LOOKED_FOR, cityscapes.recognize),
    "wgisd": Format(wgisd.LOOKED_FOR, wgisd.recognize),
    "yolo": Format(yolo.LOOKED_FOR, yolo.recognize),
    "coco": Format(coco.LOOKED_FOR, coco.recognize),
    "labelme": Format(labelme.LOOKED_FOR, labelme.recognize),
    "via": Format(via.LOOKED_FOR, via.recognize),
    "mask_folder": Format(mask_folder.LOOKED_FOR, mask_folder.recognize, last=True),
}
"""Name of a data set in the registry → its recognizer; the most specific layout first."""


def recognize(path: Path, name: str | None = None, labels: bool = False) -> dict[str, Any]:
    """The section `data` that reads a folder, with as few keys as it needs: `{"name": "coco", "root": …, "train": …}`.

    Little is read: names of files, and the beginnings of some.

    Args:
        path: a folder, or one annotation file.
        name: of a format; None: that which the folder has, of several the most specific one.
        labels: whether a label for each pixel is asked for, `data.task` = semantic, which is for the caller to set.

    Raises:
        DataError: there is no such folder or format, or the folder has none that is known; the message lists what was
            looked for.
    """
    if name is not None and name not in FORMATS:
        near = nearest(name, FORMATS)
        hint = f'; did you mean "{near}"?' if near else ""
        raise DataError(f'there is no format "{name}"{hint} Choices: {", ".join(FORMATS)}.')
    layout = replace(layout_of(path), labels=labels)
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
    found: dict[str, dict[str, Any]] = {}
    unusable: list[str] = []
    for name, kind in wanted.items():
        if kind.last and (found or unusable):
            break
        try:
            section = kind.recognize(layout)
        except DataError as error:
            unusable.append(str(error))
            continue
        if section is not None:
            found[name] = section
    return found, unusable
