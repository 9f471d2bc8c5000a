"""The report of an inspection: one HTML file that opens offline."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from base.letterbox import resize
from base.task import MetricTable
from data_loader.errors import DataError
from inference.drawing import grid
from preparation.inspection.finding import Finding, Place
from preparation.inspection.inspection import Inspection
from preparation.report.sheets import MOST_CLASSES, annotated
from preparation.report.tables import classes_table, sizes_table, splits_table
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
    page = Page(inspection.name, f"{len(inspection.classes)} classes; every image was decoded and every mask measured")
    page.facts(_facts(inspection))
    _add_findings(page, inspection.findings)
    page.commands(commands)
    page.table(splits_table(inspection), "Splits", sortable=False)
    _add_suggestion(page, suggestion)
    page.heading("Classes")
    page.table(classes_table(inspection))
    page.heading("Distributions")
    page.table(sizes_table(inspection), sortable=False)
    for title, path in plots.items():
        page.image(path, title)
    if samples:
        page.heading("Samples of each class", _about_samples(samples, len(inspection.classes)))
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
    return _small(annotated(record, inspection.classes, place.objects))


def _small(image: np.ndarray) -> np.ndarray:
    """At most `_SIDE` pixels wide and high: hundreds are kept until the page is written."""
    zoom = min(1.0, _SIDE / max(image.shape[:2]))
    return resize(image, (max(1, round(image.shape[0] * zoom)), max(1, round(image.shape[1] * zoom))))


def _about_samples(samples: Sequence[GalleryItem], classes: int) -> str:
    text = "From the smallest to the largest objects of train."
    if classes > MOST_CLASSES:
        shown = len({item.attributes["class"][0] for item in samples})
        text += f" Shown are the {shown:,} most frequent of {classes:,} classes; "
        text += "inspection.json has the numbers of all of them."
    return text


def _facts(inspection: Inspection) -> dict[str, int]:
    splits = inspection.splits.values()
    return {
        "images": sum(len(facts.records) for facts in splits),
        "objects": sum(len(facts.objects.single) for facts in splits),
        "crowds": sum(int(facts.objects.crowd.sum()) for facts in splits),
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


def _add_suggestion(page: Page, suggestion: Suggestion | None) -> None:
    if suggestion is not None:
        page.heading("A config for these data", "Chosen from the sizes of the objects and this machine.")
        rows = tuple((key, json.dumps(suggestion.value(key)), why) for key, why in suggestion.why.items())
        page.table(MetricTable(("key", "value", "why"), rows), sortable=False)
