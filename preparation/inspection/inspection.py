"""Inspection: what was measured of a data set, and the findings that follow."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from data_loader.config import InstanceDataConfig
from data_loader.instance_data import InstanceData
from data_loader.validation import Broken
from preparation.inspection.facts import Facts, measure
from preparation.inspection.finding import Finding


@dataclass(frozen=True)
class Inspection(Generic[Facts]):
    """A data set as it was found.

    Attributes:
        name: of the data set.
        classes: names of the classes 1…K.
        splits: `"train"`, `"val"` and, where it has images of its own, `"test"`.
        namings: split → further classes that its objects could have, see `InstanceData.namings`.
        broken: what reading left out.
        config: the section `data`.
        max_bad_fraction: the largest part of the images, or annotations, that may be broken.
        findings: errors first.
    """

    name: str
    classes: tuple[str, ...]
    splits: Mapping[str, Facts]
    namings: Mapping[str, Mapping[str, Mapping[str, int]]]
    broken: Sequence[Broken]
    config: InstanceDataConfig
    max_bad_fraction: float
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings by which training would fail or its results would lie."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


Check = Callable[[Inspection], Iterator[Finding]]
"""Looks at what was measured; `findings` are still empty then."""


def measured(data: InstanceData, kind: type[Facts], max_bad_fraction: float) -> Inspection[Facts]:
    """Measures a prepared data set; without findings.

    Args:
        data: prepared.
        kind: what is measured of a split.
        max_bad_fraction: what the config allows; `data` itself may have been read with more.
    """
    splits = measure(data, kind)
    namings = {name: data.namings(name) for name in splits}
    return Inspection(data.display_name, data.classes, splits, namings, data.broken, data.config, max_bad_fraction)
