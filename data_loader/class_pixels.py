"""The pixels of each class over the training images of an index, counted once and kept between runs."""

import json
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from base.batch import IGNORE
from base.class_pixels import ClassPixels, pixels_of_labels, sum_pixels
from data_loader.cores import usable_cores
from data_loader.labels import painted_labels
from data_loader.records import ImageRecord
from utils.files import write_json
from utils.progress import ImageProgress

_LOGGER = logging.getLogger("maskeras")
_VERSION = 1
"""Raised when labels are painted by another rule."""


def class_pixels(records: Sequence[ImageRecord], num_classes: int, fingerprint: str, cache: Path | None) -> ClassPixels:
    """The counts of labelled images.

    Args:
        records: of the training images.
        num_classes: K.
        fingerprint: of the data, the classes and the split: where these changed, it is counted again.
        cache: folder that keeps the counts; None: none. One that cannot be read or written costs the time to count.
    """
    path = cache and cache / f"pixels-{fingerprint}-{num_classes}-{_VERSION}.json"
    found = _read(path, num_classes) if path else None
    if found is None:
        found = sum_pixels(_counts(records), num_classes)
        if path:
            _write(path, found)
    return found


def pixels_of_record(record: ImageRecord) -> np.ndarray:
    """(256,) int64, the pixels of an image with each label; what is known since its file was read is not read again."""
    if record.labels is None:
        return pixels_of_labels(painted_labels(record))
    counts = np.zeros(IGNORE + 1, np.int64)  # known since the file was looked at
    for label, number in record.labels.labels.items():
        counts[label] = number
    return counts


def _counts(records: Sequence[ImageRecord]) -> Iterable[np.ndarray]:
    with ThreadPoolExecutor(usable_cores()) as pool, ImageProgress("counting", len(records)) as progress:
        for counts in pool.map(pixels_of_record, records):
            yield counts
            progress.advance()


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
