"""Recognizes Cityscapes."""

from typing import Any

from data_loader.cityscapes.data import IMAGES, MASKS
from data_loader.layout import Layout

LOOKED_FOR = "leftImg8bit/train/CITY/*.png and gtFine/train/CITY/*_instanceIds.png or *_labelIds.png (Cityscapes)"


def recognize(layout: Layout) -> dict[str, Any] | None:
    """Whether there is a validation split; labels where no instances are; see `data_loader.formats.Format`."""
    if layout.only or not layout.has(f"{IMAGES}/train", f"{MASKS}/train"):
        return None
    section = {} if layout.has(f"{IMAGES}/val", f"{MASKS}/val") else {"val": None}
    found = (path for path in layout.files("_instanceids.png") if path.parts[0] == MASKS)
    return section if next(found, None) else section | {"task": "semantic"}
