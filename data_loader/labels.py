"""The labels of an image for semantic segmentation: those of its label image, or its objects, painted.

The rule of painting: void pixels and crowds first, as 255; then the objects in their order, later ones over earlier
ones: the class where an object is sure, 255 at its ignored pixels. All else is background, 0.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from base import rle
from base.batch import IGNORE, Sample
from base.labels import LabelTruth
from base.rle import Rle
from data_loader.records import ImageRecord, read_image


def labels_of(record: ImageRecord) -> np.ndarray:
    """(h, w) uint8 in the file's size: 0 background, 1…K, 255 ignored.

    Raises:
        DataError: the label image is missing, broken, or has changed since it was indexed.
    """
    if record.labels is not None:
        return record.labels.read((record.height, record.width))
    return painted_labels(record)


def painted_labels(record: ImageRecord) -> np.ndarray:
    """The objects of an image by the rule of this module: (h, w) uint8."""
    columns = np.zeros((record.width, record.height), np.uint8)
    flat = columns.reshape(-1)
    for mask, value in _layers(record):
        for start, end in rle.spans(mask).tolist():
            flat[start:end] = value
    return np.ascontiguousarray(columns.T)


def _layers(record: ImageRecord) -> Iterator[tuple[Rle, int]]:
    """Masks and their values, the lowest first."""
    if record.void is not None:
        yield record.void, IGNORE
    yield from ((item.mask, IGNORE) for item in record.objects if item.crowd)
    for item in record.objects:
        if not item.crowd:
            yield item.mask, item.category
            if item.ignored is not None:
                yield item.ignored, IGNORE


def has_background(record: ImageRecord) -> bool:
    """Whether a pixel of the image may have no class."""
    return record.labels is None or record.labels.table.has_background


def read_labels(record: ImageRecord) -> Sample:
    """Decodes an image and its labels.

    Returns:
        `image` (h, w, 3) uint8 RGB, `labels` (h, w) uint8, `image_id` int.

    Raises:
        DataError: as `data_loader.records.read_image` and `labels_of`.
    """
    return {"image": read_image(record), "labels": labels_of(record), "image_id": record.image_id}


def label_truth(records: Sequence[ImageRecord], classes: tuple[str, ...], category_ids: tuple[int, ...]) -> LabelTruth:
    """The labels of a split in the size of the files, each read when it is asked for.

    Args:
        records: of the split.
        classes: names of the classes 1…K.
        category_ids: their ids in the data set.
    """
    found = {record.image_id: record for record in records}
    background = any(map(has_background, records))
    return LabelTruth(classes, tuple(found), lambda image_id: labels_of(found[image_id]), category_ids, background)
