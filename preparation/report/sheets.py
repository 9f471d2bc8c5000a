"""Contact sheets: samples of each class, and training samples as augmentation makes them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from base.base_data import evenly_spread
from base.letterbox import resize
from data_loader.errors import DataError
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord
from inference.drawing import grid
from preparation.inspection.facts import SplitFacts
from preparation.inspection.inspection import Inspection
from preparation.report.parts import Parts
from reporting.gallery import GalleryItem

MOST_CLASSES = 100
"""Of which samples are shown: six of each are about 5 MB of the page."""
TILE = 176
"""Longer side of a sample in pixels."""
_PAPER = 255
_AUGMENTED_SIDE = 288


def shown_classes(inspection: Inspection, split: str) -> list[str]:
    """The classes to show samples of, in the order of the data: those that occur, the most frequent of many."""
    counts = inspection.splits[split].amounts(len(inspection.classes))
    chosen = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    return [inspection.classes[number] for number in chosen if counts[number]]


def fitted(image: np.ndarray, side: int, enlarge: bool = True) -> np.ndarray:
    """The image with a longer side of so many pixels; a smaller one is left as it is unless it is to be enlarged."""
    zoom = side / max(image.shape[:2])
    return resize(image, zoomed(image, zoom if enlarge else min(1.0, zoom)))


def zoomed(image: np.ndarray, zoom: float) -> tuple[int, int]:
    """Height and width of an image after a zoom, at least a pixel."""
    return max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))


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


def sheet_of_augmentation(
    data: InstanceData, facts: SplitFacts, parts: Parts[Any], rows: int = 4, columns: int = 5
) -> np.ndarray | None:
    """Training images, each once as it is and then as the network gets it, with the targets; None where there is none.

    Args:
        data: the data set, with the section `data` that is to be shown.
        facts: of its training split.
        parts: how samples are read and drawn.
        rows: so many images, of those with a class.
        columns: of the sheet.
    """
    usable = np.flatnonzero((facts.counts > 0) & [look.problem is None for look in facts.looks])
    tiles = []
    for index in usable[evenly_spread(len(usable), rows)].tolist():
        try:
            tiles += _augmented(data, facts.records[index], index, parts, columns)
        except DataError:  # an image that was to be mixed in does not decode: a finding of its own
            continue
    return grid(tiles, columns) if tiles else None


def _augmented(
    data: InstanceData, record: ImageRecord, index: int, parts: Parts[Any], columns: int
) -> list[np.ndarray]:
    """A row: an image as it is, then as the network gets it."""
    sample = parts.read(record)
    row = [fitted(parts.annotated(record, data.classes, ()), _AUGMENTED_SIDE)]
    for column in range(1, columns):
        rng = np.random.default_rng((data.seed, index, column))
        row.append(fitted(parts.targets(data.prepare_sample(sample, rng), data.classes), _AUGMENTED_SIDE))
    return row


def _padded(tile: np.ndarray) -> np.ndarray:
    """On white, in the middle of a square."""
    square = np.full((TILE, TILE, 3), _PAPER, np.uint8)
    top, left = (TILE - tile.shape[0]) // 2, (TILE - tile.shape[1]) // 2
    square[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return square
