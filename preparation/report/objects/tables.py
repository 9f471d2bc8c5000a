"""The numbers of objects as tables, for the terminal and for the page."""

import numpy as np

from base.task import MetricTable
from preparation.inspection.inspection import Inspection
from preparation.inspection.object_facts import ObjectFacts
from preparation.report.tables import quantiles_table


def counts(inspection: Inspection[ObjectFacts]) -> dict[str, int]:
    """Objects and crowds of all splits."""
    splits = inspection.splits.values()
    return {
        "objects": sum(len(facts.objects.single) for facts in splits),
        "crowds": sum(int(facts.objects.crowd.sum()) for facts in splits),
    }


def splits_table(inspection: Inspection[ObjectFacts]) -> MetricTable:
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


def classes_table(inspection: Inspection[ObjectFacts]) -> MetricTable:
    """Objects of each class in each split and images in train, the most frequent class first."""
    count = len(inspection.classes)
    objects = {name: facts.amounts(count) for name, facts in inspection.splits.items()}
    images = inspection.splits["train"].images_of_classes(count)
    total = np.sum(list(objects.values()), axis=0)
    every = max(1, int(total.sum()))
    rows = [
        (inspection.classes[k], *(int(found[k]) for found in objects.values()), float(total[k] / every), int(images[k]))
        for k in sorted(range(count), key=lambda number: -int(total[number]))
    ]
    head = ("class", *objects, "share", "images in train")
    return MetricTable(head, tuple(rows))


def sizes_table(inspection: Inspection[ObjectFacts], split: str = "train") -> MetricTable:
    """Quantiles of the sizes in a split; sides in pixels, that of an object is the root of its area."""
    facts = inspection.splits[split]
    measures = {
        "side of an object": facts.objects.single.sides,
        "share of the image": facts.shares,
        "height / width": facts.aspect_ratios,
        "objects in an image": facts.counts,
    }
    return quantiles_table(f"{split}, pixels", measures, facts)
