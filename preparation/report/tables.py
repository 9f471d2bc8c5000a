"""The numbers of an inspection as tables, for the terminal and for the page."""

from collections.abc import Sequence

import numpy as np

from base.task import MetricTable
from preparation.inspection.checks.classes import objects_of_classes
from preparation.inspection.inspection import Inspection
from preparation.inspection.statistics import aspect_ratios, images_of_classes, quantiles, shares


def splits_table(inspection: Inspection) -> MetricTable:
    """Images and objects of each split."""
    rows = []
    for name, facts in inspection.splits.items():
        crowds = int(facts.objects.crowd.sum())
        objects = len(facts.objects.single)
        fullest = int(facts.counts.max(initial=0))
        mean = objects / max(1, len(facts.records))
        rows.append((name, len(facts.records), len(facts.empty), objects, crowds, mean, fullest))
    head = ("split", "images", "empty", "objects", "crowds", "per image", "at most")
    return MetricTable(head, tuple(rows))


def classes_table(inspection: Inspection) -> MetricTable:
    """Objects of each class in each split and images in train, the most frequent class first."""
    count = len(inspection.classes)
    objects = {name: objects_of_classes(facts, count) for name, facts in inspection.splits.items()}
    images = images_of_classes(inspection.splits["train"], count)
    total = np.sum(list(objects.values()), axis=0)
    every = max(1, int(total.sum()))
    rows = [
        (inspection.classes[k], *(int(found[k]) for found in objects.values()), float(total[k] / every), int(images[k]))
        for k in sorted(range(count), key=lambda number: -int(total[number]))
    ]
    head = ("class", *objects, "share", "images in train")
    return MetricTable(head, tuple(rows))


def sizes_table(inspection: Inspection, split: str = "train") -> MetricTable:
    """Quantiles of the sizes in a split; sides in pixels, that of an object is the root of its area."""
    facts = inspection.splits[split]
    single = facts.objects.single
    measures = [
        ("side of an object", single.sides),
        ("share of the image", shares(facts)),
        ("height / width", aspect_ratios(facts)),
        ("objects in an image", facts.counts),
        ("image height", facts.sizes[:, 0]),
        ("image width", facts.sizes[:, 1]),
    ]
    found = [(name, quantiles(values)) for name, values in measures]
    ends: Sequence[str] = next((tuple(values) for _, values in found if values), ())
    rows = tuple((name, *(_short(values[end]) for end in ends)) for name, values in found if values)
    return MetricTable((f"{split}, pixels", *ends), rows)


def _short(value: float) -> float:
    """A whole number as such, a larger one without its fraction: 640, not 640.000."""
    return round(value) if value == int(value) or value >= 100 else value
