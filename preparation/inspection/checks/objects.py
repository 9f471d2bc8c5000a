"""Checks of objects: too many, boxes beside their masks, degenerate masks, annotations twice, unequal classes."""

from collections.abc import Callable, Iterator

import numpy as np

from preparation.inspection.finding import Example, Finding, Place, first, plural
from preparation.inspection.inspection import Inspection
from preparation.inspection.object_facts import LEAST_OVERLAP, ObjectFacts
from preparation.inspection.objects import SPECK, Objects

LEAST_BOX_IOU = 0.8
"""Of the file's box with the tight box of the mask, where they also differ by more than `MOST_BOX_SHIFT` pixels."""
MOST_BOX_SHIFT = 2.0
"""Pixels that an edge of a file's box may be off: polygons have corners between pixels, small boxes a low IoU then."""
TINY = 16
"""Pixels of a mask below which there is little to learn from."""
MANY_SPECKS = 10
"""Specks from which a mask looks like noise."""

MOST_UNEQUAL = 50
"""Objects of the most frequent class for each one of the rarest, from which sampling by classes is worth a thought."""

Rows = list[tuple[str, int]]
"""Objects: their split, and their row in its `Objects`."""


def check_capacity(inspection: Inspection[ObjectFacts]) -> Iterator[Finding]:
    """A capacity of the config that does not fit."""
    config, train = inspection.config, inspection.splits["train"]
    over = np.flatnonzero(np.bincount(train.objects.image, minlength=len(train.records)) > config.max_objects)
    if "max_objects" in config.model_fields_set and len(over):
        examples = [Example(train.records[i].path.name, (Place("train", i),)) for i in over.tolist()]
        yield Finding(
            "more objects than data.max_objects",
            "warning",
            len(over),
            f"{plural(len(over), 'training image')} with more than {config.max_objects} objects: the smallest are "
            "left out and learned as background.",
            f"Raise data.max_objects; the fullest image has {int(train.counts.max())}.",
            first(examples),
        )


def check_boxes(inspection: Inspection[ObjectFacts]) -> Iterator[Finding]:
    """Boxes in the files that disagree with their masks."""
    rows = _rows(inspection, _disagrees)
    if rows:
        yield Finding(
            "box beside its mask",
            "warning",
            len(rows),
            f"{plural(len(rows), 'box', 'boxes')} of the files with an IoU below {LEAST_BOX_IOU} with the tight box of "
            f"the mask, and more than {MOST_BOX_SHIFT:g} pixels off.",
            "Box or mask is wrong. Training takes the mask and its tight box.",
            _examples(inspection, rows, lambda objects, row: f"IoU {objects.box_iou[row]:.2f}"),
        )


def check_masks(inspection: Inspection[ObjectFacts]) -> Iterator[Finding]:
    """Masks of very few pixels, nowhere 2 pixels wide, or of many specks."""
    kinds = [
        ("tiny mask", f"of fewer than {TINY} pixels", _is_tiny),
        ("thin mask", "that are nowhere 2 pixels wide", lambda objects: objects.thin & ~_is_tiny(objects)),
        (
            "mask of specks",
            f"of {MANY_SPECKS} or more parts below {SPECK} pixels",
            lambda objects: objects.specks >= MANY_SPECKS,
        ),
    ]
    for kind, what, wanted in kinds:
        rows = _rows(inspection, wanted)
        if rows:
            yield Finding(
                kind,
                "warning",
                len(rows),
                f"{plural(len(rows), 'mask')} {what}.",
                "Look at them: they are slips of the annotator, or objects that need larger images.",
                _examples(inspection, rows, lambda objects, row: plural(int(objects.areas[row]), "pixel")),
            )


def check_overlaps(inspection: Inspection[ObjectFacts]) -> Iterator[Finding]:
    """Objects that are annotated twice, with one class or with two."""
    same, mixed = [], []
    for split, facts in inspection.splits.items():
        for overlap in facts.overlaps:
            record = facts.records[overlap.image]
            names = [inspection.classes[record.objects[place].category - 1] for place in overlap.places]
            text = f"{split}: {record.path.name}: {' and '.join(dict.fromkeys(names))}, IoU {overlap.iou:.2f}"
            example = Example(text, (Place(split, overlap.image, overlap.places),))
            (same if names[0] == names[1] else mixed).append(example)
    if same:
        yield Finding(
            "object annotated twice",
            "warning",
            len(same),
            f"{plural(len(same), 'pair')} of annotations of one class with the same pixels (IoU ≥ {LEAST_OVERLAP}).",
            "Take one of each pair out: a model that finds the object once misses the other.",
            first(same),
        )
    if mixed:
        yield Finding(
            "object of two classes",
            "warning",
            len(mixed),
            f"{plural(len(mixed), 'pair')} of annotations of two classes with the same pixels (IoU ≥ {LEAST_OVERLAP}).",
            "Decide for one class: no model can be right about both.",
            first(mixed),
        )


def check_balance(inspection: Inspection[ObjectFacts]) -> Iterator[Finding]:
    """Classes of very unequal numbers."""
    counts = inspection.splits["train"].amounts(len(inspection.classes))
    present = counts[counts > 0]
    if len(present) > 1 and present.max() >= MOST_UNEQUAL * present.min():
        most, least = int(counts.argmax()), int(np.where(counts > 0, counts, counts.max() + 1).argmin())
        yield Finding(
            "unequal classes",
            "note",
            int((counts[counts > 0] * MOST_UNEQUAL <= present.max()).sum()),
            f"train has {plural(int(counts[most]), 'object')} of {inspection.classes[most]} and "
            f"{int(counts[least]):,} of {inspection.classes[least]}.",
            "data.sampler repeats the images of rare classes.",
        )


def _disagrees(objects: Objects) -> np.ndarray:
    return (objects.box_iou < LEAST_BOX_IOU) & (objects.box_shift > MOST_BOX_SHIFT)


def _is_tiny(objects: Objects) -> np.ndarray:
    return objects.areas < TINY


def _rows(inspection: Inspection[ObjectFacts], wanted: Callable[[Objects], np.ndarray]) -> Rows:
    """The objects, no crowds, for which `wanted` gives True."""
    every = ((split, facts.objects) for split, facts in inspection.splits.items())
    found = ((split, np.flatnonzero(wanted(objects) & ~objects.crowd)) for split, objects in every)
    return [(split, row) for split, rows in found for row in rows.tolist()]


def _examples(
    inspection: Inspection[ObjectFacts], rows: Rows, detail: Callable[[Objects, int], str]
) -> tuple[Example, ...]:
    """In words and places; `detail` gives words for a row."""
    examples = []
    for split, row in rows:
        facts = inspection.splits[split]
        image, place = int(facts.objects.image[row]), int(facts.objects.place[row])
        name = inspection.classes[int(facts.objects.classes[row]) - 1]
        text = f"{split}: {facts.records[image].path.name}: {name}, {detail(facts.objects, row)}"
        examples.append(Example(text, (Place(split, image, (place,)),)))
    return first(examples)
