"""How often each label occurs in the training images, counted once: for weights of classes by their frequency."""

import json
import logging
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from base.base_data import BaseData
from base.batch import IGNORE
from data_loader.cores import usable_cores
from data_loader.instance_data import InstanceData
from data_loader.labels import painted_labels
from data_loader.records import ImageRecord
from utils.files import write_json
from utils.progress import ImageProgress

_LOGGER = logging.getLogger("maskeras")
_VERSION = 1
"""Raised when labels are painted by another rule."""


@dataclass(frozen=True)
class ClassPixels:
    """Counts over the training images, in the size of the files.

    Attributes:
        pixels: (K + 1,) int64, the pixels with the label 0…K.
        image_pixels: (K + 1,) int64, of the images in which the label occurs all pixels that are not ignored.
    """

    pixels: np.ndarray
    image_pixels: np.ndarray


def class_pixels(data: BaseData) -> ClassPixels:
    """The counts of a prepared data set with labels.

    Where its section has a folder `cache` they are kept there, and counted again when the data, the classes or the
    split changed: these are in `data.fingerprint`. A cache that cannot be read or written costs the time to count.
    """
    folder = getattr(data.config, "cache", None)
    path = folder and Path(folder) / f"pixels-{data.fingerprint}-{data.num_classes}-{_VERSION}.json"
    found = _read(path, data.num_classes) if path else None
    if found is None:
        found = counted(_counts(data), data.num_classes)
        if path:
            _write(path, found)
    return found


def counted(images: Iterable[np.ndarray], num_classes: int) -> ClassPixels:
    """Sums over images.

    Args:
        images: of each the number of pixels of each label, (256,) int64.
        num_classes: K.
    """
    pixels, image_pixels = np.zeros((2, num_classes + 1), np.int64)
    for counts in images:
        of_labels = counts[: num_classes + 1]
        pixels += of_labels
        image_pixels += np.where(of_labels > 0, of_labels.sum(), 0)
    return ClassPixels(pixels, image_pixels)


def _counts(data: BaseData) -> Iterable[np.ndarray]:
    if not isinstance(data, InstanceData):
        yield from (_of_labels(sample["labels"]) for sample in data.split("train"))
        return
    records = data.records("train")
    with ThreadPoolExecutor(usable_cores()) as pool, ImageProgress("counting", len(records)) as progress:
        for counts in pool.map(_of_record, records):
            yield counts
            progress.advance()


def _of_record(record: ImageRecord) -> np.ndarray:
    if record.labels is None:
        return _of_labels(painted_labels(record))
    counts = np.zeros(IGNORE + 1, np.int64)  # known since the file was looked at
    for label, number in record.labels.labels.items():
        counts[label] = number
    return counts


def _of_labels(labels: np.ndarray) -> np.ndarray:
    return np.bincount(labels.reshape(-1), minlength=IGNORE + 1)


def _read(path: Path, num_classes: int) -> ClassPixels | None:
    try:
        content = json.loads(path.read_bytes())
        pixels, image_pixels = (np.array(content[key], np.int64) for key in ("pixels", "image_pixels"))
        if pixels.shape != (num_classes + 1,) or image_pixels.shape != pixels.shape:
            raise ValueError(f"it has {len(pixels)} classes")
        return ClassPixels(pixels, image_pixels)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        _LOGGER.warning("%s: the kept counts cannot be used (%s); the pixels are counted again.", path, error)
        return None


def _write(path: Path, found: ClassPixels) -> None:
    try:
        write_json(path, {"pixels": found.pixels.tolist(), "image_pixels": found.image_pixels.tolist()})
    except OSError as error:
        _LOGGER.info("%s: the counts are not kept (%s); the next run counts again.", path.parent, error)
