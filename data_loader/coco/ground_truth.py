"""A ground truth for evaluation from a COCO annotation file alone: its images need not be there."""

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

from base import rle
from data_loader.coco.annotations import read_coco
from data_loader.coco.segmentation import to_rle
from data_loader.errors import DataError

_NAMED = 5
"""Faults that a message lists."""


def read_ground_truth(path: Path) -> dict[str, Any]:
    """The COCO dict of the file, masks as compressed RLE, with its own boxes and areas where it has them.

    Nothing is left out: what is measured is measured against all that the file holds.

    Raises:
        DataError: the file is missing or broken, or an image or annotation in it is; names the first ones.
    """
    file = read_coco(path)
    images, annotations, faults = [], [], []
    for item in file.images:
        try:
            images.append(_image(item))
        except (KeyError, TypeError, ValueError) as error:
            faults.append(f"image {_named(item)}: {_words(error)}")
    sizes = {image["id"]: (image["height"], image["width"]) for image in images}
    categories = [{"id": number, "name": name} for number, name in file.categories.items()]
    for item in file.annotations:
        try:
            annotations.append(_annotation(item, sizes, file.categories))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            faults.append(f"annotation {str(item)[:80]}: {_words(error)}")
    if faults:
        more = f"\n  and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
        raise DataError(f"{path} cannot be evaluated against:\n  " + "\n  ".join(faults[:_NAMED]) + more)
    return {"images": images, "annotations": annotations, "categories": categories}


def _image(item: dict[str, Any]) -> dict[str, Any]:
    found = {key: item[key] for key in ("id", "height", "width")}
    wrong = {key: value for key, value in found.items() if type(value) is not int}
    if wrong:
        received = ", ".join(f"{key} {json.dumps(value)[:40]}" for key, value in wrong.items())
        raise ValueError(f"id, height and width must be whole numbers, not {received}")
    if min(found["height"], found["width"]) < 1:
        raise ValueError("height and width must be above 0")
    return found | {"file_name": str(item.get("file_name", ""))}


def _annotation(item: dict[str, Any], sizes: dict[int, tuple[int, int]], categories: Container[int]) -> dict[str, Any]:
    if item["image_id"] not in sizes:
        raise ValueError("there is no such image")
    if item["category_id"] not in categories:
        raise ValueError("there is no such category")
    mask = to_rle(item["segmentation"], *sizes[item["image_id"]])
    box = [float(value) for value in item.get("bbox") or rle.xywh(mask)]
    if len(box) != 4:
        raise ValueError("bbox is not x, y, width, height")
    return {
        "image_id": item["image_id"],
        "category_id": item["category_id"],
        "bbox": box,
        "area": float(item.get("area", rle.area(mask))),
        "iscrowd": int(item.get("iscrowd", 0)),
        "segmentation": mask,
    }


def _named(item: Any) -> str:
    name = item.get("file_name") if isinstance(item, dict) else None
    return str(name or item)[:80]


def _words(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
