"""The numbers of an inspection: for `inspection.json`, tables and the report."""

from collections import Counter
from typing import Any

import numpy as np

from preparation.inspection.checks.classes import objects_of_classes
from preparation.inspection.facts import SplitFacts
from preparation.inspection.inspection import Inspection

_QUANTILES = {"min": 0.0, "5 %": 0.05, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "max": 1.0}
_SMALL, _MEDIUM = 32**2, 96**2
"""COCO's limits of the area of small and of medium objects, in pixels of the file."""


def statistics(inspection: Inspection) -> dict[str, Any]:
    """Everything as JSON types."""
    return {
        "data": inspection.name,
        "classes": list(inspection.classes),
        "splits": {name: _of_split(inspection, facts) for name, facts in inspection.splits.items()},
        "other_classes": {name: found for name, found in inspection.namings.items() if found},
        "findings": [
            {
                "kind": finding.kind,
                "severity": finding.severity,
                "count": finding.count,
                "message": finding.message,
                "advice": finding.advice,
                "examples": [example.text for example in finding.examples],
            }
            for finding in inspection.findings
        ],
    }


def quantiles(values: np.ndarray) -> dict[str, float]:
    """Minimum, quantiles and maximum of (N,) values; empty for none."""
    if not len(values):
        return {}
    return dict(zip(_QUANTILES, np.quantile(values, list(_QUANTILES.values())).round(4).tolist(), strict=True))


def images_of_classes(facts: SplitFacts, count: int) -> np.ndarray:
    """(K,) images of a split with each class, crowds not counted."""
    pairs = np.unique(np.stack([facts.objects.single.image, facts.objects.single.classes]), axis=1)
    return np.bincount(pairs[1], minlength=count + 1)[1:]


def shares(facts: SplitFacts) -> np.ndarray:
    """(N,) part of its image that each object covers, crowds left out."""
    single = facts.objects.single
    return single.areas / facts.sizes.prod(axis=1)[single.image]


def aspect_ratios(facts: SplitFacts) -> np.ndarray:
    """(N,) height / width of the tight boxes, crowds left out."""
    extents = facts.objects.single.extents
    return extents[:, 0] / extents[:, 1]


def _of_split(inspection: Inspection, facts: SplitFacts) -> dict[str, Any]:
    single, count = facts.objects.single, len(inspection.classes)
    objects, images = objects_of_classes(facts, count), images_of_classes(facts, count)
    by_size = np.digitize(single.areas, [_SMALL, _MEDIUM])
    sizes = Counter(map(tuple, facts.sizes.tolist())).most_common(10)
    return {
        "images": len(facts.records),
        "empty_images": len(facts.empty),
        "objects": len(single),
        "crowds": int(facts.objects.crowd.sum()),
        "objects_of_class": dict(zip(inspection.classes, objects.tolist(), strict=True)),
        "images_of_class": dict(zip(inspection.classes, images.tolist(), strict=True)),
        "objects_by_size": dict(
            zip(("small", "medium", "large"), np.bincount(by_size, minlength=3).tolist(), strict=True)
        ),
        "objects_per_image": quantiles(facts.counts),
        "side": quantiles(single.sides),
        "area": quantiles(single.areas),
        "share_of_image": quantiles(shares(facts)),
        "aspect_ratio": quantiles(aspect_ratios(facts)),
        "image_height": quantiles(facts.sizes[:, 0]),
        "image_width": quantiles(facts.sizes[:, 1]),
        "most_frequent_sizes": [{"height": size[0], "width": size[1], "images": number} for size, number in sizes],
    }
