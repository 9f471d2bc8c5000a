"""Checks of classes: which splits have any of them."""

from collections.abc import Iterator

import numpy as np

from preparation.inspection.finding import Finding, listed, plural
from preparation.inspection.inspection import Inspection


def check_classes(inspection: Inspection) -> Iterator[Finding]:
    """Classes that no split has, that only train has, or that train lacks.

    A class without a training image is an error where the config asks for it by name: it cannot be learned. Otherwise
    it is a warning: training works, and the mean over the classes is lower by it.
    """
    counts = {name: facts.amounts(len(inspection.classes)) for name, facts in inspection.splits.items()}
    unit, metric = inspection.splits["train"].unit, inspection.splits["train"].metric
    train = counts["train"] > 0
    measured = np.any([found > 0 for name, found in counts.items() if name != "train"], axis=0)
    asked = getattr(inspection.config, "classes", None) == inspection.classes
    yield from _missing(
        inspection,
        f"class without {unit}s",
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
        f"in val or test, and not in train: they cannot be learned, and their {metric} is 0",
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


def _missing(inspection: Inspection, kind: str, which: np.ndarray, severity, where: str, advice: str):
    names = [inspection.classes[number] for number in np.flatnonzero(which)]
    if names:
        message = f"{plural(len(names), 'class', 'classes')} {where}: {listed(names)}."
        yield Finding(kind, severity, len(names), message, advice)
