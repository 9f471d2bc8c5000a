"""Writes images beside masks, a PNG for each object: `images/SPLIT/NAME` and `masks/SPLIT/STEM/CLASS/NUMBER.png`.

Of the layouts that have masks as images this one loses least: objects may overlap, be many, and know their class.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import cv2

from base import rle
from data_loader.errors import DataError
from data_loader.writers.source import Item, Source, copy_image, counted, file_name

_OBJECT = 255
_CROWD = "crowd: a mask folder has no regions of many objects, it is left out"
_IGNORED = "object with ignored pixels: a mask folder has none, they belong to the object"
_CATEGORY = "id of a category: a mask folder has names instead, which count from 1 in their order"
_IMAGE_ID = "id of an image: a mask folder has names instead"
_NO_OBJECT = "class without an object: a mask folder knows classes by their masks"
_RENAMED = "class with a new name: its name cannot be that of a folder"


def write_mask_folder(source: Source, out: Path) -> Counter[str]:
    """Masks of 0 and 255, exact; an image without an object has no folder of masks.

    Raises:
        DataError: the names of two classes are the same folder.
    """
    folders = _folders(source.classes)
    objects = [found for item in source.images for found in item.record.objects if not found.crowd]
    present = {found.category for found in objects}
    lost = Counter({_IMAGE_ID: source.num_images, _CATEGORY: _changed_ids(source, present)})
    lost[_NO_OBJECT] = len(source.classes) - len(present)
    lost[_RENAMED] = sum(folders[name] != name for name in source.classes)
    labels = [folders[name] for name in source.classes]
    for split, items in source.splits.items():
        for folder in ("images", "masks"):
            (out / folder / split).mkdir(parents=True)
        lost += counted(partial(_image, out=out, split=split, labels=labels), items)
    return +lost


def _folders(classes: Sequence[str]) -> Mapping[str, str]:
    """Name of a class → that of its folder."""
    folders = {name: file_name(name) for name in classes}
    if len({folder.casefold() for folder in folders.values()}) < len(folders):
        raise DataError(f"Two classes would have one folder of masks: {', '.join(classes)}. Choose by data.classes.")
    return folders


def _changed_ids(source: Source, present: set[int]) -> int:
    names = sorted(source.classes[number - 1] for number in present)
    ids = dict(zip(source.classes, source.category_ids, strict=True))
    return sum(ids[name] != number for number, name in enumerate(names, 1))


def _image(item: Item, out: Path, split: str, labels: Sequence[str]) -> Counter[str]:
    copy_image(item, out / "images" / split / item.name)
    kept = [found for found in item.record.objects if not found.crowd]
    for number, found in enumerate(kept, 1):
        path = out / "masks" / split / item.stem / labels[found.category - 1] / f"{number:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(
            cv2.imencode(".png", rle.decode(found.mask) * _OBJECT)[1].tobytes()
        )  # Pillow takes ten times as long
    ignored = sum(found.ignored is not None for found in kept)
    return Counter({_CROWD: len(item.record.objects) - len(kept), _IGNORED: ignored})
