"""Checks of classes: which splits have objects of them, and how unequal their numbers are."""

from collections.abc import Iterator

import numpy as np

from preparation.inspection.facts import SplitFacts
from preparation.inspection.finding import Finding, listed, plural
from preparation.inspection.inspection import Inspection

MOST_UNEQUAL = 50
"""Objects of the most frequent class for each one of the rarest, from which sampling by classes is worth a thought."""


def objects_of_classes(facts: SplitFacts, count: int) -> np.ndarray:
    """(K,) objects of each class in a split, crowds not counted."""
    return np.bincount(facts.objects.single.classes, minlength=count + 1)[1:]


def check_classes(inspection: Inspection) -> Iterator[Finding]:
    """Classes that no split has, that only train has, or that train lacks.

    A class without a training image is an error where the config asks for it by name: it cannot be learned. Otherwise
    it is a warning: training works, and the mean over the classes is lower by it.
    """
    counts = {name: objects_of_classes(facts, len(inspection.classes)) for name, facts in inspection.splits.items()}
    train = counts["train"] > 0
    measured = np.any([found > 0 for name, found in counts.items() if name != "train"], axis=0)
    asked = getattr(inspection.config, "classes", None) == inspection.classes
    yield from _missing(
        inspection,
        "class without objects",
        ~train & ~measured,
        "error" if asked else "warning",
        "in no split",
        "Leave them out by data.classes (--classes): a network spends outputs on them.",
    )
    yield from _missing(
        inspection,
        "class not in train",
        ~train & measured,
        "error" if asked else "warning",
        "in val or test, and not in train: they cannot be learned, and their AP is 0",
        "Divide the images in another way (data.split_seed), or leave them out by data.classes.",
    )
    yield from _missing(
        inspection,
        "class in train only",
        train & ~measured,
        "warning",
        "in train, and in no other split: nothing says how well they are learned",
        "Divide the images in another way (data.split_seed, data.val_fraction).",
    )


def check_balance(inspection: Inspection) -> Iterator[Finding]:
    """Classes of very unequal numbers."""
    counts = objects_of_classes(inspection.splits["train"], len(inspection.classes))
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


def _missing(inspection: Inspection, kind: str, which: np.ndarray, severity, where: str, advice: str):
    names = [inspection.classes[number] for number in np.flatnonzero(which)]
    if names:
        message = f"{plural(len(names), 'class', 'classes')} {where}: {listed(names)}."
        yield Finding(kind, severity, len(names), message, advice)
