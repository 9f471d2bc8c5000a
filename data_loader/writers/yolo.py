"""Writes Ultralytics' YOLO format for segmentation: `data.yaml`, `images/SPLIT/` and `labels/SPLIT/`.

A line of a label file is a class from 0 and one polygon, in parts of the width and height: several parts and holes are
joined by cut lines.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from base import rle
from base.polygons import joined, outlines
from data_loader.records import ObjectRecord
from data_loader.writers.source import Item, Source, copy_image, counted
from utils.files import write_whole

_CROWD = "crowd: YOLO has no regions of many objects, it is left out"
_IGNORED = "object with ignored pixels: YOLO has none, they belong to the object"
_CATEGORY = "id of a category: YOLO numbers the classes from 0"
_IMAGE_ID = "id of an image: YOLO has none"
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON has as it is, and YAML takes for the end of a line or refuses."""


def write_yolo(source: Source, out: Path) -> Counter[str]:
    """Masks as polygons on the edges of their pixels, exact for COCO's rasterizer and `base.polygons.rasterize`."""
    lost = Counter({_IMAGE_ID: source.num_images})
    lost[_CATEGORY] = sum(number != place for place, number in enumerate(source.category_ids))
    for split, items in source.splits.items():
        for folder in ("images", "labels"):
            (out / folder / split).mkdir(parents=True)
        lost += counted(partial(_image, out=out, split=split), items)
    write_whole(out / "data.yaml", _yaml(source))
    return +lost


def label_line(number: int, mask: np.ndarray) -> str:
    """A line of a label file.

    Args:
        number: of the class, from 0.
        mask: (h, w), not empty.
    """
    height, width = mask.shape
    places = joined(outlines(mask)) / (width, height)
    # six digits are nearer than a tenth of a pixel up to 100,000 pixels, so the corners are found again
    return " ".join([str(number), *(f"{value:.6f}".rstrip("0").rstrip(".") for value in places.reshape(-1))])


def _image(item: Item, out: Path, split: str) -> Counter[str]:
    copy_image(item, out / "images" / split / item.name)
    kept = [found for found in item.record.objects if not found.crowd]
    (out / "labels" / split / f"{item.stem}.txt").write_text(_lines(kept), encoding="utf-8")
    ignored = sum(found.ignored is not None for found in kept)
    return Counter({_CROWD: len(item.record.objects) - len(kept), _IGNORED: ignored})


def _lines(objects: Sequence[ObjectRecord]) -> str:
    return "".join(f"{label_line(found.category - 1, rle.decode(found.mask))}\n" for found in objects)


def _yaml(source: Source) -> str:
    """Text that is JSON is YAML too, with more characters escaped."""
    splits = [f"{split}: images/{split}" for split in source.splits]
    names = [f"  {number}: {_quoted(name)}" for number, name in enumerate(source.classes)]
    return "\n".join([*splits, "names:", *names, ""])


def _quoted(name: str) -> str:
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(name, ensure_ascii=False))
