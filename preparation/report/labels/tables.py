"""The numbers of labels as tables, for the terminal and for the page."""

import numpy as np

from base.labels import BACKGROUND
from base.task import MetricTable
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import IGNORED, LabelFacts
from preparation.report.tables import quantiles_table


def counts(inspection: Inspection[LabelFacts]) -> dict[str, int]:
    """Pixels of all splits, and the ignored ones."""
    totals = [facts.totals for facts in inspection.splits.values()]
    return {"pixels": sum(int(found.sum()) for found in totals), "ignored": sum(int(found[-1]) for found in totals)}


def splits_table(inspection: Inspection[LabelFacts]) -> MetricTable:
    """Images of each split, those without any class, those that are ignored, its pixels, and
    classes in an image."""
    rows = []
    for name, facts in inspection.splits.items():
        megapixels = float(facts.totals.sum()) / 1e6
        means = float(facts.counts.mean()), 100 * facts.ignored_share
        rows.append((name, len(facts.records), len(facts.empty), len(facts.void), megapixels, *means))
    head = ("split", "images", "no class", "all ignored", "megapixels", "per image", "% ignored")
    return MetricTable(head, tuple(rows))


def classes_table(inspection: Inspection[LabelFacts]) -> MetricTable:
    """Of each label its part of the pixels that are not ignored, in percent, and the images with it; of the ignored
    pixels their part of all. The most frequent class first, background and ignored pixels last."""
    names = (BACKGROUND, *inspection.classes)
    splits = inspection.splits
    shares = np.stack([facts.shares for facts in splits.values()])
    images = np.stack([(facts.pixels > 0).sum(axis=0) for facts in splits.values()])
    total = np.sum([facts.totals for facts in splits.values()], axis=0)
    order = sorted(range(1, len(names)), key=lambda label: -int(total[label])) + [0] * bool(total[0])
    rows = [(names[label], *(100 * shares[:, label]).tolist(), *images[:, label].tolist()) for label in order]
    if total[-1]:
        ignored = [100 * facts.ignored_share for facts in splits.values()]
        rows.append((IGNORED, *ignored, *images[:, -1].tolist()))
    return MetricTable(
        ("class", *(f"% of {name}" for name in splits), *(f"images in {name}" for name in splits)), tuple(rows)
    )


def sizes_table(inspection: Inspection[LabelFacts], split: str = "train") -> MetricTable:
    """Quantiles of the classes in an image, of what is ignored of it, and of the image sizes."""
    facts = inspection.splits[split]
    ignored = facts.pixels[:, -1] / facts.sizes.prod(axis=1)
    measures = {"classes in an image": facts.counts, "part that is ignored": ignored}
    return quantiles_table(f"{split}, pixels", measures, facts)
