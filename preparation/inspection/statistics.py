"""The numbers of an inspection, for `inspection.json`."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from preparation.inspection.facts import SplitFacts
from preparation.inspection.inspection import Inspection
from preparation.inspection.quantiles import quantiles


def statistics(inspection: Inspection) -> dict[str, Any]:
    """Everything as JSON types."""
    return {
        "data": inspection.name,
        "classes": list(inspection.classes),
        "splits": {name: _of_split(facts, inspection.classes) for name, facts in inspection.splits.items()},
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


def _of_split(facts: SplitFacts, classes: Sequence[str]) -> dict[str, Any]:
    images = facts.images_of_classes(len(classes))
    sizes = Counter(map(tuple, facts.sizes.tolist())).most_common(10)
    return {
        "images": len(facts.records),
        "empty_images": len(facts.empty),
        "images_of_class": dict(zip(classes, images.tolist(), strict=True)),
        **facts.statistics(classes),
        "image_height": quantiles(facts.sizes[:, 0]),
        "image_width": quantiles(facts.sizes[:, 1]),
        "most_frequent_sizes": [{"height": size[0], "width": size[1], "images": number} for size, number in sizes],
    }
