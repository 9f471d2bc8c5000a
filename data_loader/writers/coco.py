"""Writes COCO's format: `annotations/instances_SPLIT.json` and `images/SPLIT/`."""

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

from data_loader.records import coco_ground_truth
from data_loader.writers.source import Item, Source, copy_image, counted
from utils.files import write_whole

_IGNORED = "object with ignored pixels: COCO has none, they belong to the object"


def write_coco(source: Source, out: Path) -> Counter[str]:
    """Masks as compressed RLE, so that holes, parts and crowds are exact; ids of images and categories are kept."""
    lost: Counter[str] = Counter()
    for split, items in source.splits.items():
        records = [replace(item.record, path=Path(item.name)) for item in items]
        content = coco_ground_truth(records, source.classes, source.category_ids)
        write_whole(out / "annotations" / f"instances_{split}.json", json.dumps(content))
        folder = out / "images" / split
        folder.mkdir(parents=True)
        lost += counted(partial(_image, folder=folder), items)
    return lost


def _image(item: Item, folder: Path) -> Counter[str]:
    copy_image(item, folder / item.name)
    return Counter({_IGNORED: sum(found.ignored is not None for found in item.record.objects)})
