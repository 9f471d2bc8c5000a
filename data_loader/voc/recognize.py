"""Recognizes PASCAL VOC's layout."""

from typing import Any

from data_loader.label_map import LABEL_MAP, classes_in
from data_loader.layout import Layout

LOOKED_FOR = (
    "JPEGImages/, SegmentationClass/, ImageSets/Segmentation/*.txt and for objects SegmentationObject/ (PASCAL VOC)"
)
_LISTS = "ImageSets/Segmentation"


def recognize(layout: Layout) -> dict[str, Any] | None:
    """The lists that are there, and labels where there are no objects; see `data_loader.formats.Format`."""
    if layout.only or not layout.has("JPEGImages", "SegmentationClass", _LISTS):
        return None
    lists = sorted(path.stem for path in (layout.root / _LISTS).glob("*.txt"))
    if not lists:
        return None
    train = next((name for name in ("train", "trainval") if name in lists), lists[0])
    val = "val" if "val" in lists and train != "trainval" else None
    section: dict[str, Any] = {"train": train, "val": val}
    section |= {"test": "test"} if "test" in lists and train != "test" else {}
    section |= {} if layout.has("SegmentationObject") else {"task": "semantic"}
    named = classes_in(layout.root / LABEL_MAP)
    return section | ({"names": list(named.classes)} if named and named.background else {})
