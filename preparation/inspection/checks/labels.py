"""Checks of labels: images without any that counts, much that is ignored, classes of very unequal frequency."""

from collections.abc import Iterator

import numpy as np

from base.labels import BACKGROUND
from models.losses.class_weights import median_frequency
from preparation.inspection.finding import Example, Finding, Place, first, plural
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import LabelFacts

MUCH_IGNORED = 0.5
"""Part of the pixels from which it is worth a look what is ignored."""
MOST_UNEQUAL = 50
"""How many times as frequent one label may be as another within the images that have them, without class weights."""


def check_void(inspection: Inspection[LabelFacts]) -> Iterator[Finding]:
    """Images all of whose pixels are ignored."""
    for split, facts in inspection.splits.items():
        if len(facts.void):
            examples = [Example(facts.records[i].path.name, (Place(split, i),)) for i in facts.void.tolist()]
            yield Finding(
                f"ignored images in {split}",
                "warning",
                len(examples),
                f"{plural(len(examples), 'image')} of {split} with every pixel ignored: nothing counts there.",
                "Look at their labels, at data.label_map and, where the data set has that key, at data.ignored.",
                first(examples),
            )


def check_ignored(inspection: Inspection[LabelFacts]) -> Iterator[Finding]:
    """A training split of which the larger part is ignored."""
    share = inspection.splits["train"].ignored_share
    if share >= MUCH_IGNORED:
        yield Finding(
            "much is ignored",
            "note",
            int(inspection.splits["train"].totals[-1]),
            f"{share:.0%} of the pixels of train are ignored: no loss and no metric counts them.",
            "Check that this is meant; data.label_map can make classes of them background instead.",
        )


def check_pixel_balance(inspection: Inspection[LabelFacts]) -> Iterator[Finding]:
    """Labels of very unequal frequency in the training images."""
    facts = inspection.splits["train"]
    weights = frequency_weights(facts)
    if len(weights) and unequal(weights):
        names = (BACKGROUND, *inspection.classes)
        present = np.where(weights > 0, weights, np.nan)
        most, least = int(np.nanargmin(present)), int(np.nanargmax(present))
        times = weights[least] / weights[most]
        yield Finding(
            "unequal classes",
            "note",
            int((weights >= MOST_UNEQUAL * weights[most]).sum()),
            f"In the training images that have them {names[most]} has {times:,.0f} times the pixels of {names[least]}.",
            'class_weights = "median_frequency" of a loss in model.losses gives rare classes more weight; '
            "data.sampler repeats their images.",
        )


def frequency_weights(facts: LabelFacts) -> np.ndarray:
    """(K + 1,) weights of the labels by median frequency, 0 for one without a pixel; empty where no label has any."""
    found = facts.class_pixels
    return median_frequency(found.pixels, found.image_pixels) if found.pixels.any() else np.zeros(0)


def unequal(weights: np.ndarray) -> bool:
    """Whether labels with these weights, some of them above 0, differ so much that a loss should weigh them."""
    return bool(weights.max() >= MOST_UNEQUAL * weights[weights > 0].min())
