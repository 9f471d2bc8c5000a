"""Recognizes PASCAL VOC's layout."""

from typing import Any

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
    return section | ({"test": "test"} if "test" in lists and train != "test" else {})
