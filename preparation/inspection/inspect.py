"""inspect: a data set is measured, and every check looks at it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from data_loader.instance_data import InstanceData
from preparation.inspection.checks.classes import check_classes
from preparation.inspection.checks.copies import check_copies
from preparation.inspection.checks.images import check_batch, check_broken, check_decoding, check_empty
from preparation.inspection.checks.labels import check_ignored, check_pixel_balance, check_void
from preparation.inspection.checks.objects import (
    check_balance,
    check_boxes,
    check_capacity,
    check_masks,
    check_overlaps,
)
from preparation.inspection.facts import SplitFacts
from preparation.inspection.inspection import Check, Inspection, measured
from preparation.inspection.label_facts import LabelFacts
from preparation.inspection.object_facts import ObjectFacts

_EVERY = (check_decoding, check_broken, check_batch, check_empty, check_classes)
_ORDER = ("error", "warning", "note")


@dataclass(frozen=True)
class _Kind:
    """What is measured of a split, and the checks that only this kind has."""

    facts: type[SplitFacts]
    checks: tuple[Check, ...]


_KINDS: Mapping[str, _Kind] = {
    "instance": _Kind(ObjectFacts, (check_capacity, check_boxes, check_masks, check_overlaps, check_balance)),
    "semantic": _Kind(LabelFacts, (check_void, check_ignored, check_pixel_balance)),
}
"""By `data.task`."""


def inspect(data: InstanceData, max_bad_fraction: float = 0.0, allow_leakage: bool = False) -> Inspection[Any]:
    """Reads, decodes, measures and checks every image and its objects or labels.

    Args:
        data: prepared.
        max_bad_fraction: the largest part of the images, or annotations, that may be broken.
        allow_leakage: whether images in several splits are a warning instead of an error.
    """
    kind = _KINDS[data.config.task]
    found = measured(data, kind.facts, max_bad_fraction)
    checks = (*_EVERY, *kind.checks)
    findings = [*check_copies(found, allow_leakage), *chain.from_iterable(check(found) for check in checks)]
    return replace(found, findings=tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity))))
