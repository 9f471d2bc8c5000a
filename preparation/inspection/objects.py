"""What is measured of objects, as arrays. `N` objects, those of an image or of a split; crowds are among them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from base import rle
from base.runs import tight_crop
from data_loader.records import ImageRecord, ObjectRecord

SPECK = 16
"""A part of a mask with fewer pixels is a speck."""


@dataclass(frozen=True)
class Objects:
    """One row for each object.

    Attributes:
        image: (N,) position of its image in the split.
        place: (N,) its position among the objects of that image.
        classes: (N,) 1…K.
        crowd: (N,) bool.
        boxes: (N, 4) float64, the tight box of the mask, xyxy in pixels of the file.
        areas: (N,) pixels of the mask.
        box_iou: (N,) of the file's box with the tight one; NaN where the file gives none, 0 where it is no box.
        box_shift: (N,) the farthest that an edge of the file's box is from that of the tight one, in pixels.
        parts: (N,) connected parts of the mask.
        specks: (N,) parts of fewer than `SPECK` pixels.
        thin: (N,) bool: it is nowhere 2 × 2 pixels wide.
    """

    image: np.ndarray
    place: np.ndarray
    classes: np.ndarray
    crowd: np.ndarray
    boxes: np.ndarray
    areas: np.ndarray
    box_iou: np.ndarray
    box_shift: np.ndarray
    parts: np.ndarray
    specks: np.ndarray
    thin: np.ndarray

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: np.ndarray) -> Self:
        """The rows at these positions, or where a bool array is True."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def single(self) -> Self:
        """Those that are no crowds."""
        return self.take(~self.crowd)

    @property
    def sides(self) -> np.ndarray:
        """(N,) the root of each mask's area, in pixels of the file."""
        return np.sqrt(self.areas)

    @property
    def extents(self) -> np.ndarray:
        """(N, 2) height and width of the tight boxes."""
        return (self.boxes[:, 2:] - self.boxes[:, :2])[:, ::-1]


def join(parts: Sequence[Objects]) -> Objects:
    """All rows in one."""
    parts = [_no_objects(), *parts]
    return Objects(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Objects)))


def measure_objects(record: ImageRecord, image: int) -> Objects:
    """Measures the objects of an image that is at position `image` of its split."""
    tight = np.array([rle.xywh(item.mask) for item in record.objects], np.float64).reshape(-1, 4)
    tight[:, 2:] += tight[:, :2]
    shapes = [_shape(item) for item in record.objects]
    agreements = [_agreement(item.box, box) for item, box in zip(record.objects, tight, strict=True)]
    count = len(record.objects)
    return Objects(
        image=np.full(count, image, np.int64),
        place=np.arange(count, dtype=np.int64),
        classes=np.array([item.category for item in record.objects], np.int64),
        crowd=np.array([item.crowd for item in record.objects], bool),
        boxes=tight,
        areas=np.array([rle.area(item.mask) for item in record.objects], np.int64),
        **_columns(("box_iou", "box_shift"), agreements, (np.float64, np.float64)),
        **_columns(("parts", "specks", "thin"), shapes, (np.int64, np.int64, bool)),
    )


def _no_objects() -> Objects:
    return measure_objects(ImageRecord(Path(), 0, 1, 1, ()), 0)


def _columns(names: Sequence[str], rows: Sequence[tuple], dtypes: Sequence[type]) -> dict[str, np.ndarray]:
    return {
        name: np.array([row[number] for row in rows], dtype)
        for number, (name, dtype) in enumerate(zip(names, dtypes, strict=True))
    }


def _shape(item: ObjectRecord) -> tuple[int, int, bool]:
    """Parts, specks, and whether it is thin."""
    mask = tight_crop(item.mask).pixels
    if not mask.size:
        return 0, 0, False
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    specks = int((stats[1:, cv2.CC_STAT_AREA] < SPECK).sum())
    square = mask[:-1, :-1] & mask[1:, :-1] & mask[:-1, 1:] & mask[1:, 1:]
    return count - 1, specks, not square.any()


def _agreement(given: tuple[float, float, float, float] | None, tight: np.ndarray) -> tuple[float, float]:
    """IoU of the file's box with the tight one, and the distance of their farthest edges."""
    if given is None:
        return np.nan, 0.0
    box = np.array(given, np.float64)
    if not np.isfinite(box).all() or (box[2:] <= 0).any():
        return 0.0, np.inf
    box[2:] += box[:2]
    shared = np.clip(np.minimum(box[2:], tight[2:]) - np.maximum(box[:2], tight[:2]), 0, None).prod()
    areas = [float((corners[2:] - corners[:2]).prod()) for corners in (box, tight)]
    return float(shared / (sum(areas) - shared)), float(np.abs(box - tight).max())
