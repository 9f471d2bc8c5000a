"""What an index knows of an image, and what is made of it: raw samples, the COCO ground truth, a fingerprint."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base import rle
from base.batch import IGNORE, Sample
from base.rle import Rle
from data_loader.errors import DataError
from data_loader.images import read_rgb
from data_loader.label_image import LabelImage

_PIXELS_OFF, _SHARE_OFF = 3.0, 0.25
"""How far an edge of the file's box may be from the mask's: pixels, or this share of the mask's box."""

_TIMES_OFF = 2.0
"""How much larger or smaller the file's area may be."""


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One object.

    Attributes:
        category: 1…K; 0 for an object of no class, all of whose pixels are ignored.
        mask: the object with its ignored pixels, in the file's size.
        ignored: those of its pixels that no loss counts; None where there are none.
        crowd: a region of many objects.
        box: x, y, width, height in pixels as the file gives them beside the mask, right or wrong; NaN where they are no
            numbers; None where it gives none. Targets are made from the mask alone; an inspection compares the two, and
            the metrics measure against this one where it is not wrong, see `coco_ground_truth`.
        area: in pixels, as the file gives it; as `box`.
    """

    category: int
    mask: Rle
    ignored: Rle | None = None
    crowd: bool = False
    box: tuple[float, float, float, float] | None = None
    area: float | None = None


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image: its path, its size in pixels, its id in the ground truth and its objects.

    For semantic segmentation it may have `labels` in place of objects, the file with the class of each pixel; or `void`
    beside its objects, pixels that no loss counts.
    """

    path: Path
    image_id: int
    height: int
    width: int
    objects: tuple[ObjectRecord, ...]
    labels: LabelImage | None = None
    void: Rle | None = None

    @property
    def classes(self) -> set[int]:
        """The classes 1…K that it shows; of crowds nothing is learned, so they do not count."""
        if self.labels is not None:
            return self.labels.classes
        return {item.category for item in self.objects if item.category and not item.crowd}


class Masks(Sequence[np.ndarray]):
    """The masks of an image's objects, decoded one at a time: (h, w) uint8 with 1 object, 0 not, 255 ignored.

    `np.asarray` gives all of them, (n, h, w).
    """

    def __init__(self, record: ImageRecord):
        self._record = record

    def __len__(self) -> int:
        return len(self._record.objects)

    def __getitem__(self, index):
        item = self._record.objects[index]
        mask = rle.decode(item.mask)
        if item.ignored is not None:
            mask[rle.decode(item.ignored) != 0] = IGNORE
        return mask

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        size = (self._record.height, self._record.width)
        return np.stack(list(self)) if len(self) else np.zeros((0, *size), np.uint8)


class RecordSource(Sequence[Sample]):
    """Raw samples by position, as `read` makes them; reading is safe from several threads."""

    def __init__(self, records: Sequence[ImageRecord], read: Callable[[ImageRecord], Sample]):
        self.records = tuple(records)
        self._read = read

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index):
        return self._read(self.records[index])


def read_sample(record: ImageRecord) -> Sample:
    """Decodes an image.

    Returns:
        `image` (h, w, 3) uint8 RGB, `boxes` (n, 4) float32 xyxy in pixels, `classes` (n,) int32 1…K, `masks`, the
        `Masks` of its n objects, `crowd` (n,) bool, `image_id` int.

    Raises:
        DataError: as `read_image`.
    """
    image = read_image(record)
    boxes = np.array([rle.xywh(item.mask) for item in record.objects], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return {
        "image": image,
        "boxes": boxes,
        "classes": np.array([item.category for item in record.objects], np.int32),
        "masks": Masks(record),
        "crowd": np.array([item.crowd for item in record.objects], bool),
        "image_id": record.image_id,
    }


def read_image(record: ImageRecord) -> np.ndarray:
    """The image, (h, w, 3) uint8 RGB.

    Raises:
        DataError: it is missing, does not decode or has changed its size since it was indexed.
    """
    image = read_rgb(record.path)
    size = (record.height, record.width)
    if image.shape[:2] != size:
        raise DataError(f"{record.path}: the image is {image.shape[:2]} but was {size} (h, w) when it was indexed.")
    return image


def coco_ground_truth(
    records: Sequence[ImageRecord], classes: Sequence[str], category_ids: Sequence[int] | None = None
) -> dict:
    """The COCO dict of the images: RLE masks in the file's size, boxes and areas.

    Box and area are those of the file, so that a result scores the same against the file itself, in whatever program:
    those of a polygon differ from those of its pixels by fractions of a pixel. Where the file has none, or one that
    cannot be about this mask, they are the mask's.

    An object's ignored pixels belong to it here: COCO's metric knows no such pixels.

    Args:
        records: of a split; categories are 1…K.
        classes: names of the classes 1…K.
        category_ids: their ids in the dict; None for 1…K.
    """
    ids = tuple(range(1, len(classes) + 1) if category_ids is None else category_ids)
    images, annotations = [], []
    for record in records:
        images.append(
            {
                "id": record.image_id,
                "file_name": record.path.name,
                "width": record.width,
                "height": record.height,
            }
        )
        for item in record.objects:
            annotations.append(_annotation(item, ids[item.category - 1], record.image_id, len(annotations) + 1))
    categories = [{"id": number, "name": name} for number, name in zip(ids, classes, strict=True)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _annotation(item: ObjectRecord, category_id: int, image_id: int, number: int) -> dict:
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": _box(item),
        "area": _area(item),
        "iscrowd": int(item.crowd),
        "segmentation": item.mask,
    }


def _box(item: ObjectRecord) -> list[float]:
    """The file's box where it covers about what the mask's does: NaN compares as false."""
    of_mask = np.array(rle.xywh(item.mask))
    given = np.array(of_mask if item.box is None else item.box)
    moved = np.abs(np.append(given[:2], given[:2] + given[2:]) - np.append(of_mask[:2], of_mask[:2] + of_mask[2:]))
    sound = (given[2:] > 0).all() and (moved <= np.maximum(_PIXELS_OFF, _SHARE_OFF * np.tile(of_mask[2:], 2))).all()
    return [float(value) for value in (given if sound else of_mask)]


def _area(item: ObjectRecord) -> float:
    of_mask = float(rle.area(item.mask))
    given = of_mask if item.area is None else item.area
    return float(given) if of_mask / _TIMES_OFF <= given <= of_mask * _TIMES_OFF else of_mask


def fingerprint(splits: dict[str, Sequence[ImageRecord]]) -> str:
    """12 hex digits over names, sizes in pixels and bytes, classes and masks of all images, in any order."""
    lines = []
    for split, records in splits.items():
        for record in records:
            objects = [_content(item) for item in record.objects]
            size = [record.height, record.width, record.path.stat().st_size if record.path.is_file() else 0]
            lines.append(json.dumps([split, record.path.name, *size, objects, *_labels(record)], sort_keys=True))
    digest = hashlib.sha256()
    for number, line in enumerate(sorted(lines)):
        digest.update(b"\n" * bool(number) + line.encode())
    return digest.hexdigest()[:12]


def _labels(record: ImageRecord) -> list:
    """What only semantic segmentation knows of an image; nothing else may change what others are hashed to."""
    if record.labels is None and record.void is None:
        return []
    return [record.labels and record.labels.content(), record.void]


def _content(item: ObjectRecord) -> dict:
    """What targets are made from: neither the file's box nor its area."""
    return {"category": item.category, "mask": item.mask, "ignored": item.ignored, "crowd": item.crowd}
