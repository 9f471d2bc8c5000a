"""Writes a label for each pixel: folders of index PNGs, and PASCAL VOC's layout.

Labels are those of the data set's files, or its objects, painted as a training would see them.
"""

from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

from base.index_images import index_png, voc_palette
from base.labels import MOST_CLASSES
from data_loader.errors import DataError
from data_loader.images import is_jpeg
from data_loader.label_map import LABEL_MAP, label_map_text
from data_loader.labels import labels_of
from data_loader.writers.source import Item, Source, copy_image, counted
from data_loader.writers.voc import CLASSES, IMAGES, NO_JPEG, write_lists
from utils.files import write_whole

_VALUES = "value of a class: it is another one now, the classes count from {first}"
_BACKGROUND = "labels without a background: VOC has one always, to which no pixel belongs"


def write_label_folder(source: Source, out: Path) -> Counter[str]:
    """`images/SPLIT/NAME`, `masks/SPLIT/STEM.png` with VOC's palette, and the names of the values in `labelmap.txt`.

    255 is ignored. The classes have the values from 1, or from 0 where there is no background.
    """
    _check_count(source)
    for split, items in source.splits.items():
        for folder in ("images", "masks"):
            (out / folder / split).mkdir(parents=True)
        counted(partial(_beside, out=out, split=split, background=source.background), items)
    write_whole(out / LABEL_MAP, label_map_text(source.classes, source.background))
    return _changed_values(source, 1 if source.background else 0)


def write_voc_labels(source: Source, out: Path) -> Counter[str]:
    """JPEGImages, SegmentationClass with VOC's palette, ImageSets/Segmentation, and the names in `labelmap.txt`."""
    _check_count(source)
    for folder in (IMAGES, CLASSES):
        (out / folder).mkdir()
    lost = _changed_values(source, 1) + Counter({_BACKGROUND: int(not source.background)})
    lost += counted(partial(_in_voc, out=out), source.images)
    write_lists(source, out)
    return +lost


def _beside(item: Item, out: Path, split: str, background: bool) -> Counter[str]:
    copy_image(item, out / "images" / split / item.name)
    labels = labels_of(item.record)
    values = labels if background else np.where(labels == MOST_CLASSES + 1, labels, labels - 1)
    (out / "masks" / split / f"{item.stem}.png").write_bytes(index_png(values, voc_palette()))
    return Counter()


def _in_voc(item: Item, out: Path) -> Counter[str]:
    copy_image(item, out / IMAGES / f"{item.stem}.jpg")
    (out / CLASSES / f"{item.stem}.png").write_bytes(index_png(labels_of(item.record), voc_palette()))
    return Counter({NO_JPEG: int(not is_jpeg(item.record.path))})


def _changed_values(source: Source, first: int) -> Counter[str]:
    changed = sum(number != place for place, number in enumerate(source.category_ids, first))
    return +Counter({_VALUES.format(first=first): changed})


def _check_count(source: Source) -> None:
    if len(source.classes) > MOST_CLASSES:
        raise DataError(f"A label has {MOST_CLASSES} classes at most, the data {len(source.classes)}: data.classes.")
