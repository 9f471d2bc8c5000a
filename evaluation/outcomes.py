"""What became of each detection and each object at an IoU of 0.5: the error types of TIDE (Bolya et al. 2020).

Alphabet: that of `evaluation/objects.py`; `N` detections and `M` objects (no crowds) of all images, image by image.
"""

from dataclasses import dataclass

import numpy as np

from evaluation.coco_curves import Kind
from evaluation.matching import Matches
from evaluation.objects import ImageObjects, Objects

CORRECT, CLASS, LOCATION, BOTH, DUPLICATE, BACKGROUND, IGNORED = range(7)

OUTCOMES = ("correct", "class", "location", "both", "duplicate", "background", "ignored")
"""Names of the numbers above:

| outcome | the detection |
|---|---|
| correct | is matched with an object of its class |
| class | has an IoU of 0.5 or more with an object of another class |
| location | has an IoU of 0.1 to 0.5 with an object of its class |
| both | has an IoU of 0.1 to 0.5 with an object of another class |
| duplicate | would be correct, had a detection of a higher score not been matched with the object |
| background | has an IoU of 0.1 or less with every object |
| ignored | is in a crowd: neither right nor wrong |
"""

FOREGROUND, NOTHING = 0.5, 0.1
"""IoU from which a detection is of an object, and up to which it is of nothing: TIDE's t_f and t_b."""


@dataclass(frozen=True)
class Outcomes:
    """All detections and objects of a split.

    Attributes:
        images: (N,) index into the images.
        labels: (N,) 0…K-1.
        scores: (N,) descending within an image.
        found: (N,) positions in the list of results.
        outcomes: (N,) CORRECT…IGNORED.
        targets: (N,) which of the M objects it is about; -1 for background and ignored ones.
        overlaps: (N,) IoU with that object, 0 without one.
        object_images: (M,) index into the images.
        object_labels: (M,) 0…K-1.
        positions: (M,) in the ground truth's annotations.
        hit: (M,) bool: a correct detection is matched with it.
        missed: (M,) bool: neither hit nor the object of a class or location error, which is that error's fault.
    """

    images: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    found: np.ndarray
    outcomes: np.ndarray
    targets: np.ndarray
    overlaps: np.ndarray
    object_images: np.ndarray
    object_labels: np.ndarray
    positions: np.ndarray
    hit: np.ndarray
    missed: np.ndarray


def find_outcomes(objects: Objects, matches: Matches, kind: Kind) -> Outcomes:
    """Sorts every detection into the table above, in TIDE's order: location, class, duplicate, background, both.

    Args:
        objects: of a split.
        matches: of these objects, of this kind.
        kind: what is compared.
    """
    flags = _by_position(matches)
    found, kept = [], []
    first = 0
    for image in objects.images:
        one = _image_outcomes(image, kind, *(values[image.found] for values in flags))
        one["targets"] = np.where(one["targets"] >= 0, one["targets"] + first, -1)
        found.append(one)
        kept.append(np.flatnonzero(~image.crowd))
        first += len(kept[-1])
    sides = [(image, columns) for image, columns in zip(objects.images, kept, strict=True)]
    joined = {key: _join([one[key] for one in found]) for key in ("outcomes", "targets", "overlaps")}
    hit, aimed_at = np.zeros(first, bool), np.zeros(first, bool)
    hit[joined["targets"][joined["outcomes"] == CORRECT]] = True
    aimed_at[joined["targets"][np.isin(joined["outcomes"], (CLASS, LOCATION))]] = True
    return Outcomes(
        images=_join([np.full(len(image.found), index) for index, image in enumerate(objects.images)]),
        labels=_join([image.found_labels for image in objects.images]),
        scores=_join([image.scores for image in objects.images]),
        found=_join([image.found for image in objects.images]),
        object_images=_join([np.full(len(columns), index) for index, (_, columns) in enumerate(sides)]),
        object_labels=_join([image.labels[columns] for image, columns in sides]),
        positions=_join([image.targets[columns] for image, columns in sides]),
        hit=hit,
        missed=~hit & ~aimed_at,
        **joined,
    )


def _join(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, int)


def _by_position(matches: Matches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """By position in the list of results: the annotation matched at 0.5 (-1 for none), correct, counted."""
    length = int(matches.found.max(initial=-1)) + 1
    found = np.full(length, -1), np.zeros(length, bool), np.zeros(length, bool)
    for values, given in zip(found, (matches.targets[0], matches.correct[0, 0], matches.counted[0, 0]), strict=True):
        values[matches.found] = given
    return found


def _image_outcomes(
    image: ImageObjects, kind: Kind, matched: np.ndarray, correct: np.ndarray, counted: np.ndarray
) -> dict[str, np.ndarray]:
    """`outcomes`, `targets` (the column among the objects that are no crowd) and `overlaps`, each (D,)."""
    regular = np.flatnonzero(~image.crowd)
    # A column of zeros at the end: of an object that is nowhere, so that there is always a maximum.
    ious = np.pad(image.overlaps[kind][:, regular], ((0, 0), (0, 1)))
    labels, positions = np.append(image.labels[regular], -1), np.append(image.targets[regular], -1)
    same = image.found_labels[:, None] == labels
    used = np.isin(positions, matched[correct])
    at, iou = _best(ious, same)
    at_other, iou_other = _best(ious, ~same)
    at_used, iou_used = _best(ious, same & used)
    at_any, iou_any = _best(ious, np.ones_like(same))
    at_match = (positions == matched[:, None]).argmax(1)
    cases = [
        (~counted, IGNORED, np.full(len(at), -1)),
        (correct, CORRECT, at_match),
        ((iou >= NOTHING) & (iou <= FOREGROUND), LOCATION, at),
        (iou_other >= FOREGROUND, CLASS, at_other),
        (iou_used >= FOREGROUND, DUPLICATE, at_used),
        (iou_any <= NOTHING, BACKGROUND, np.full(len(at), -1)),
    ]
    conditions = [condition for condition, _, _ in cases]
    targets = np.select(conditions, [target for _, _, target in cases], at_any)
    return {
        "outcomes": np.select(conditions, [outcome for _, outcome, _ in cases], BOTH),
        "targets": targets,
        "overlaps": np.where(targets >= 0, np.take_along_axis(ious, targets[:, None], 1)[:, 0], 0),
    }


def _best(ious: np.ndarray, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and value of each row's highest IoU among the allowed ones."""
    values = np.where(allowed, ious, 0)
    return values.argmax(1), values.max(1)
