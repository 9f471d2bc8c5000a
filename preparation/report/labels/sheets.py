"""Images with their labels over them for a sheet; prepared samples."""

from collections.abc import Sequence

import numpy as np

from base.base_data import evenly_spread
from base.batch import Sample
from data_loader.labels import labels_of
from data_loader.records import ImageRecord, read_image
from inference.label_map import LabelMap
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import LabelFacts
from preparation.report.sheets import TILE, fitted
from reporting.gallery import GalleryItem


def samples_of_classes(
    inspection: Inspection[LabelFacts], split: str, per_class: int, classes: Sequence[str]
) -> list[GalleryItem]:
    """Images with a class, from those with the smallest to those with the largest part of it.

    Args:
        inspection: of the data set.
        split: whose images are shown.
        per_class: at most so many of a class.
        classes: their names.
    """
    facts = inspection.splits[split]
    shares = facts.pixels[:, 1:-1] / facts.sizes.prod(axis=1)[:, None]
    usable = np.array([look.problem is None for look in facts.looks])
    items = []
    for number, name in enumerate(inspection.classes):
        if name not in classes:
            continue
        ordered = np.argsort(shares[:, number], kind="stable")
        rows = ordered[(shares[ordered, number] > 0) & usable[ordered]]
        for row in rows[evenly_spread(len(rows), per_class)].tolist():
            record = facts.records[row]
            attributes = {"class": [name], "% of the image": round(100 * float(shares[row, number]), 2)}
            caption = f"{name}, {record.path.name}"
            items.append(GalleryItem(_drawn(record, inspection.classes, TILE), caption, attributes))
    return items


def annotated(record: ImageRecord, classes: Sequence[str], places: Sequence[int] = ()) -> np.ndarray:
    """An image with its labels; there are no objects at `places`.

    Raises:
        DataError: as `data_loader.records.read_image` and `data_loader.labels.labels_of`.
    """
    return LabelMap(labels_of(record), tuple(classes)).draw(read_image(record))


def targets(sample: Sample, classes: Sequence[str]) -> np.ndarray:
    """A prepared sample with its labels, without the padding."""
    height, width = sample["image_size"]
    labels = sample["labels"][:height, :width].astype(np.uint8)
    return LabelMap(labels, tuple(classes)).draw(np.ascontiguousarray(sample["images"][:height, :width]))


def _drawn(record: ImageRecord, classes: Sequence[str], side: int) -> np.ndarray:
    """At this size, so that lines and letters suit it."""
    image = fitted(read_image(record), side)
    return LabelMap(labels_of(record), tuple(classes)).resized(image.shape[:2]).draw(image)
