"""Recognizes PASCAL VOC's layout."""

from pathlib import Path
from typing import Any

from data_loader.images import read_bytes
from data_loader.layout import Layout

LOOKED_FOR = "JPEGImages/, SegmentationObject/, SegmentationClass/ and ImageSets/Segmentation/*.txt (PASCAL VOC)"
_LISTS = "ImageSets/Segmentation"


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The lists that are there; see `data_loader.formats.Format`."""
    if layout.only or not layout.has("JPEGImages", "SegmentationObject", "SegmentationClass", _LISTS):
        return None
    lists = sorted(path.stem for path in (layout.root / _LISTS).glob("*.txt"))
    if not lists:
        return None
    train = next((name for name in ("train", "trainval") if name in lists), lists[0])
    val = "val" if "val" in lists and train != "trainval" else None
    section: dict[str, Any] = {"train": train, "val": val}
    section |= {"test": "test"} if "test" in lists and train != "test" else {}
    names = _names(layout.root / "labelmap.txt")
    return section | ({"names": names} if names else {})


def _names(path: Path) -> list[str]:
    """The names of the values 1, 2, … in a `labelmap.txt` as CVAT and Datumaro write it; none where there is no file.

    A line is `name:red,green,blue:parts:actions`, the background is first.
    """
    if not path.is_file():
        return []
    lines = read_bytes(path).decode("utf-8", errors="replace").splitlines()
    names = [line.rsplit(":", 3)[0] for line in lines if line.strip() and not line.startswith("#")]
    return names[1:] if names[:1] == ["background"] else []
