"""The report of an inspection: one HTML file that opens offline."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from base.task import MetricTable
from data_loader.errors import DataError
from inference.drawing import grid
from preparation.inspection.finding import Finding, Place
from preparation.inspection.inspection import Inspection
from preparation.report.kinds import parts_of
from preparation.report.sheets import MOST_CLASSES, fitted
from preparation.suggest import Suggestion
from reporting.gallery import GalleryItem
from reporting.page import Page

_MOST_FOUND = 200
_SIDE = 480


def write_page(
    out: Path,
    inspection: Inspection,
    plots: Mapping[str, Path],
    samples: Sequence[GalleryItem],
    augmentation: np.ndarray | None,
    suggestion: Suggestion | None,
    commands: Mapping[str, str],
) -> None:
    """Writes the report.

    Args:
        out: the file.
        inspection: of the data set.
        plots: title → image file.
        samples: of each class.
        augmentation: the contact sheet; None where there is none.
        suggestion: the config that fits the data; None where none was made.
        commands: what it does → what to type next.
    """
    parts = parts_of(inspection)
    page = Page(inspection.name, f"{len(inspection.classes)} classes; {parts.looked}")
    page.facts(_facts(inspection, parts.counts(inspection)))
    _add_findings(page, inspection.findings)
    page.commands(commands)
    page.table(parts.splits_table(inspection), "Splits", sortable=False)
    _add_suggestion(page, suggestion, parts.chosen_from)
    page.heading("Classes")
    page.table(parts.classes_table(inspection))
    page.heading("Distributions")
    page.table(parts.sizes_table(inspection), sortable=False)
    for title, path in plots.items():
        page.image(path, title)
    if samples:
        page.heading("Samples of each class", _about_samples(parts.samples_are, samples, len(inspection.classes)))
        page.gallery(samples)
    if augmentation is not None:
        page.heading("Augmentation", "At the left the image of the file, then what the network would get.")
        page.image(augmentation, "training samples")
    found = found_images(inspection)
    if found:
        page.heading("Images with findings", "Examples of what is listed at the top.")
        page.gallery(found)
    page.write(out)


def found_images(inspection: Inspection) -> list[GalleryItem]:
    """The examples of the findings as images, those that can be decoded."""
    examples = [(finding, example) for finding in inspection.findings for example in finding.examples if example.places]
    items = []
    for finding, example in examples[:_MOST_FOUND]:
        try:
            images = [_image_at(inspection, place) for place in example.places]
        except DataError:  # a finding of its own
            continue
        image = grid(images, len(images)) if len(images) > 1 else images[0]
        splits = list(dict.fromkeys(place.split for place in example.places))
        attributes = {"finding": [finding.kind], "split": splits}
        items.append(GalleryItem(image, f"{finding.kind}\n{example.text}", attributes))
    return items


def _image_at(inspection: Inspection, place: Place) -> np.ndarray:
    record = inspection.splits[place.split].records[place.image]
    image = parts_of(inspection).annotated(record, inspection.classes, place.objects)
    return fitted(image, _SIDE, enlarge=False)  # hundreds are kept until the page is written


def _about_samples(text: str, samples: Sequence[GalleryItem], classes: int) -> str:
    if classes > MOST_CLASSES:
        shown = len({str(item.attributes["class"]) for item in samples})
        text += f" Shown are the {shown:,} most frequent of {classes:,} classes; "
        text += "inspection.json has the numbers of all of them."
    return text


def _facts(inspection: Inspection, counts: Mapping[str, int]) -> dict[str, int]:
    return {
        "images": sum(len(facts.records) for facts in inspection.splits.values()),
        **counts,
        "classes": len(inspection.classes),
        "errors": len(inspection.errors),
        "warnings": sum(finding.severity == "warning" for finding in inspection.findings),
    }


def _add_findings(page: Page, findings: Sequence[Finding]) -> None:
    for finding in findings:
        examples = [f"· {example.text}" for example in finding.examples]
        more = [f"· … {finding.count:,} in all"] if finding.count > len(examples) > 0 else []
        page.notices(["\n".join([finding.message, *examples[:6], *more, finding.advice])], finding.severity)
    if not findings:
        page.notices(["Nothing is wrong with these data."], "ok")


def _add_suggestion(page: Page, suggestion: Suggestion | None, chosen_from: str) -> None:
    if suggestion is not None:
        page.heading("A config for these data", chosen_from)
        rows = tuple((key, json.dumps(suggestion.value(key)), why) for key, why in suggestion.why.items())
        page.table(MetricTable(("key", "value", "why"), rows), sortable=False)
