"""Objects for a sheet: each with its surroundings and its mask; whole images; prepared samples."""

from collections.abc import Sequence

import cv2
import numpy as np

from base import rle
from base.base_data import evenly_spread
from base.batch import Sample
from base.letterbox import resize
from base.runs import tight_crop
from data_loader.images import read_rgb
from data_loader.records import ImageRecord, read_image
from inference.drawing import overlay
from preparation.inspection.inspection import Inspection
from preparation.inspection.object_facts import ObjectFacts
from preparation.report.sheets import TILE, zoomed
from reporting.gallery import GalleryItem

_AROUND = 1.5
"""Side of the window around an object for each of its box's longer side."""
_LEAST_WINDOW = 48


def samples_of_classes(
    inspection: Inspection[ObjectFacts], split: str, per_class: int, classes: Sequence[str]
) -> list[GalleryItem]:
    """Objects of some classes, from the smallest to the largest ones, each with its surroundings and its mask.

    Args:
        inspection: of the data set.
        split: whose objects are shown.
        per_class: at most so many of a class.
        classes: their names.
    """
    facts = inspection.splits[split]
    single = facts.objects.single
    by_size = np.lexsort((single.areas, single.classes))
    items = []
    for number, name in enumerate(inspection.classes, 1):
        if name not in classes:
            continue
        rows = by_size[single.classes[by_size] == number]
        for row in rows[evenly_spread(len(rows), per_class)].tolist():
            image, place = int(single.image[row]), int(single.place[row])
            if facts.looks[image].problem is None:
                tile = _tile(facts.records[image], place, name)
                caption = f"{name}, {facts.records[image].path.name}"
                side = round(float(single.sides[row]), 1)
                items.append(GalleryItem(tile, caption, {"class": [name], "side in pixels": side}))
    return items


def annotated(record: ImageRecord, classes: Sequence[str], places: Sequence[int] = ()) -> np.ndarray:
    """An image with its objects, or with those at `places` alone.

    Raises:
        DataError: as `data_loader.records.read_image`.
    """
    image = read_image(record)
    chosen = [record.objects[place] for place in places] or record.objects
    boxes = np.array([rle.xywh(item.mask) for item in chosen], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    masks = [tight_crop(item.mask, pad=1) for item in chosen]  # whole ones of a large image may be gigabytes
    return overlay(image, boxes, np.array([item.category for item in chosen], int), classes, masks)


def _tile(record: ImageRecord, place: int, name: str) -> np.ndarray:
    """The surroundings of an object at the size of a tile, its mask over them."""
    item = record.objects[place]
    x, y, width, height = rle.xywh(item.mask)
    side = max(_LEAST_WINDOW, _AROUND * max(width, height))
    x0, x1 = _window(x + width / 2, side, record.width)
    y0, y1 = _window(y + height / 2, side, record.height)
    image = read_rgb(record.path)[y0:y1, x0:x1]
    zoom = TILE / max(image.shape[:2])
    size = zoomed(image, zoom)
    soft = cv2.resize(rle.decode(item.mask)[y0:y1, x0:x1].astype(np.float32), size[::-1])
    box = np.array([[x - x0, y - y0, x + width - x0, y + height - y0]]) * zoom
    return overlay(resize(np.ascontiguousarray(image), size), box, np.array([1]), [name], soft[None] > 0.5)


def _window(center: float, side: float, limit: int) -> tuple[int, int]:
    """`side` pixels around the center, moved into 0…limit."""
    low = int(max(0, min(center - side / 2, limit - side)))
    return low, int(min(limit, low + round(side)))


def targets(sample: Sample, classes: Sequence[str]) -> np.ndarray:
    """A prepared sample with its boxes and masks, without the padding."""
    height, width = sample["image_size"]
    masks = np.asarray(sample["gt_masks"])[:, :height, :width] == 1
    return overlay(sample["images"][:height, :width], sample["gt_boxes"], sample["gt_classes"], classes, masks)
