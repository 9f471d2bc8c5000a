"""inspect: a data set is measured, and every check looks at it."""

from dataclasses import replace
from itertools import chain

from data_loader.instance_data import InstanceData
from preparation.inspection.checks.classes import check_balance, check_classes
from preparation.inspection.checks.copies import check_copies
from preparation.inspection.checks.images import check_batch, check_broken, check_decoding, check_empty
from preparation.inspection.checks.objects import check_boxes, check_masks, check_overlaps
from preparation.inspection.inspection import Inspection, measured

_CHECKS = (
    *(check_decoding, check_broken, check_batch, check_empty),
    *(check_classes, check_boxes, check_masks, check_overlaps, check_balance),
)
_ORDER = ("error", "warning", "note")


def inspect(data: InstanceData, max_bad_fraction: float = 0.0, allow_leakage: bool = False) -> Inspection:
    """Reads, decodes, measures and checks every image and object.

    Args:
        data: prepared.
        max_bad_fraction: the largest part of the images, or annotations, that may be broken.
        allow_leakage: whether images in several splits are a warning instead of an error.
    """
    found = measured(data, max_bad_fraction)
    findings = [*check_copies(found, allow_leakage), *chain.from_iterable(check(found) for check in _CHECKS)]
    return replace(found, findings=tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity))))
