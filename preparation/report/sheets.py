"""Contact sheets: samples of each class with their masks, and training samples as augmentation makes them."""

from collections.abc import Sequence

import cv2
import numpy as np

from base import rle
from base.base_data import evenly_spread
from base.letterbox import resize
from base.runs import tight_crop
from data_loader.errors import DataError
from data_loader.images import read_rgb
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord, read_sample
from inference.drawing import grid, overlay
from preparation.inspection.checks.classes import objects_of_classes
from preparation.inspection.facts import SplitFacts
from preparation.inspection.inspection import Inspection
from reporting.gallery import GalleryItem

MOST_CLASSES = 100
"""Of which samples are shown: six of each are about 5 MB of the page."""
TILE = 176
"""Longer side of a sample in pixels."""
_AROUND = 1.5
"""Side of the window around an object for each of its box's longer side."""
_LEAST_WINDOW = 48
_PAPER = 255
_AUGMENTED_SIDE = 288


def shown_classes(inspection: Inspection, split: str) -> list[str]:
    """The classes to show samples of, in the order of the data: those with objects, the most frequent of many."""
    counts = objects_of_classes(inspection.splits[split], len(inspection.classes))
    chosen = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return [inspection.classes[number] for number in chosen if counts[number]]


def samples_of_classes(inspection: Inspection, split: str, per_class: int, classes: Sequence[str]) -> list[GalleryItem]:
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


def sheet_of_samples(items: Sequence[GalleryItem], classes: Sequence[str], columns: int) -> np.ndarray | None:
    """A row of samples for each class that has any; None for no sample."""
    tiles = []
    for name in classes:
        images = [item.image for item in items if item.attributes["class"] == [name]]
        row = [image for image in images[:columns] if isinstance(image, np.ndarray)]
        if row:
            blank = np.full((TILE, TILE, 3), _PAPER, np.uint8)
            tiles += [*map(_padded, row), *[blank] * (columns - len(row))]
    return grid(tiles, columns) if tiles else None


def sheet_of_augmentation(data: InstanceData, facts: SplitFacts, rows: int = 4, columns: int = 5) -> np.ndarray | None:
    """Training images, each once as it is and then as the network gets it, with the targets; None where there is none.

    Args:
        data: the data set, with the section `data` that is to be shown.
        facts: of its training split.
        rows: so many images, of those with objects.
        columns: of the sheet.
    """
    usable = np.flatnonzero((facts.counts > 0) & [look.problem is None for look in facts.looks])
    tiles = []
    for index in usable[evenly_spread(len(usable), rows)].tolist():
        try:
            tiles += _augmented(data, facts.records[index], index, columns)
        except DataError:  # an image that was to be mixed in does not decode: a finding of its own
            continue
    return grid(tiles, columns) if tiles else None


def _augmented(data: InstanceData, record: ImageRecord, index: int, columns: int) -> list[np.ndarray]:
    """A row: an image as it is, then as the network gets it."""
    sample = read_sample(record)
    row = [_shown(annotated(record, data.classes))]
    for column in range(1, columns):
        rng = np.random.default_rng((data.seed, index, column))
        row.append(_shown(_targets(data.prepare_sample(sample, rng), data.classes)))
    return row


def annotated(record: ImageRecord, classes: Sequence[str], places: Sequence[int] = ()) -> np.ndarray:
    """An image with its objects, or with those at `places` alone.

    Raises:
        DataError: it cannot be decoded.
    """
    image = read_rgb(record.path)
    if image.shape[:2] != (record.height, record.width):
        raise DataError(f"{record.path}: is not of the size that its annotations are for.")
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
    size = max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))
    soft = cv2.resize(rle.decode(item.mask)[y0:y1, x0:x1].astype(np.float32), size[::-1])
    box = np.array([[x - x0, y - y0, x + width - x0, y + height - y0]]) * zoom
    return overlay(resize(np.ascontiguousarray(image), size), box, np.array([1]), [name], soft[None] > 0.5)


def _window(center: float, side: float, limit: int) -> tuple[int, int]:
    """`side` pixels around the center, moved into 0…limit."""
    low = int(max(0, min(center - side / 2, limit - side)))
    return low, int(min(limit, low + round(side)))


def _padded(tile: np.ndarray) -> np.ndarray:
    """On white, in the middle of a square."""
    square = np.full((TILE, TILE, 3), _PAPER, np.uint8)
    top, left = (TILE - tile.shape[0]) // 2, (TILE - tile.shape[1]) // 2
    square[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return square


def _targets(sample: dict, classes: Sequence[str]) -> np.ndarray:
    """A prepared sample with its boxes and masks, without the padding."""
    height, width = sample["image_size"]
    masks = np.asarray(sample["gt_masks"])[:, :height, :width] == 1
    return overlay(sample["images"][:height, :width], sample["gt_boxes"], sample["gt_classes"], classes, masks)


def _shown(image: np.ndarray) -> np.ndarray:
    zoom = _AUGMENTED_SIDE / max(image.shape[:2])
    return resize(image, (max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))))
