"""`labelmap.txt`: names of the values in index images, as CVAT and Datumaro write it.

A line is `name:red,green,blue:parts:actions`; the values count from 0 in the order of the lines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from base.index_images import voc_palette
from base.labels import BACKGROUND
from data_loader.images import read_bytes

LABEL_MAP = "labelmap.txt"


@dataclass(frozen=True)
class NamedClasses:
    """The classes of a file, and whether value 0 is the background before them."""

    classes: tuple[str, ...]
    background: bool


def classes_in(path: Path) -> NamedClasses | None:
    """What a file names; None where there is no file, or no class in it."""
    if not path.is_file():
        return None
    lines = read_bytes(path).decode("utf-8", errors="replace").splitlines()
    names = [line.rsplit(":", 3)[0] for line in lines if line.strip() and not line.startswith("#")]
    background = names[:1] == [BACKGROUND]
    return NamedClasses(tuple(names[background:]), background) if names[background:] else None


def label_map_text(classes: Sequence[str], background: bool = True) -> str:
    """The content of a file; the colors are VOC's."""
    names = [BACKGROUND, *classes] if background else list(classes)
    colors = voc_palette()[: len(names)].tolist()
    lines = [f"{name}:{','.join(map(str, color))}::" for name, color in zip(names, colors, strict=True)]
    return "\n".join(["# label:color_rgb:parts:actions", *lines, ""])
