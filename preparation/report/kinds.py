"""Which parts a report has, by what is annotated."""

from collections.abc import Mapping
from typing import Any

from data_loader.labels import read_labels
from data_loader.records import read_sample
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import LabelFacts
from preparation.inspection.object_facts import ObjectFacts
from preparation.report.labels import plots as label_plots
from preparation.report.labels import sheets as label_sheets
from preparation.report.labels import tables as label_tables
from preparation.report.objects import plots as object_plots
from preparation.report.objects import sheets as object_sheets
from preparation.report.objects import tables as object_tables
from preparation.report.parts import Parts

OBJECTS = Parts[ObjectFacts](
    looked="every image was decoded and every mask measured",
    samples_are="From the smallest to the largest objects of train.",
    chosen_from="Chosen from the sizes of the objects and this machine.",
    counts=object_tables.counts,
    splits_table=object_tables.splits_table,
    classes_table=object_tables.classes_table,
    sizes_table=object_tables.sizes_table,
    plots=object_plots.plot_all,
    samples=object_sheets.samples_of_classes,
    read=read_sample,
    annotated=object_sheets.annotated,
    targets=object_sheets.targets,
)
LABELS = Parts[LabelFacts](
    looked="every image was decoded and every label counted",
    samples_are="Training images, from those with the fewest to those with the most pixels of the class.",
    chosen_from="Chosen from the images, the frequency of the classes and this machine.",
    counts=label_tables.counts,
    splits_table=label_tables.splits_table,
    classes_table=label_tables.classes_table,
    sizes_table=label_tables.sizes_table,
    plots=label_plots.plot_all,
    samples=label_sheets.samples_of_classes,
    read=read_labels,
    annotated=label_sheets.annotated,
    targets=label_sheets.targets,
)
_PARTS: Mapping[str, Parts[Any]] = {"instance": OBJECTS, "semantic": LABELS}
"""By `data.task`."""


def parts_of(inspection: Inspection) -> Parts[Any]:
    """Those of an inspected data set."""
    return _PARTS[inspection.config.task]
