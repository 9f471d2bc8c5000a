"""TIDE: the AP that each type of error costs (Bolya et al. 2020, https://arxiv.org/abs/2008.08115).

Each type is corrected alone and the AP at an IoU of 0.5 is computed again; the difference is what it costs. The costs
do not add up to 1 - AP: errors hide each other. Differences from the package `tidecv`, none of which matters on data
where every class has objects and no crowd: classes without objects do not enter the mean, as in COCO's AP, and a
detection in a crowd is no error.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from evaluation.average_precision import curve
from evaluation.outcomes import (
    BACKGROUND,
    BOTH,
    CLASS,
    CORRECT,
    DUPLICATE,
    IGNORED,
    LOCATION,
    OUTCOMES,
    Outcomes,
)

ERRORS = ("class", "location", "both", "duplicate", "background", "missed")
"""The main types; a missed object is one that no class or location error is about."""


@dataclass(frozen=True)
class Tide:
    """The AP at an IoU of 0.5 and what errors cost of it, all in 0…1.

    Attributes:
        ap50: mean over the classes with objects; NaN without any.
        costs: type of error → the AP that correcting it alone adds.
        counts: type of error → how many there are.
        false_positives: the AP that scoring every wrong detection below every correct one adds.
        false_negatives: the AP that taking away every object that was not found adds.
    """

    ap50: float
    costs: Mapping[str, float]
    counts: Mapping[str, int]
    false_positives: float
    false_negatives: float


@dataclass(frozen=True)
class _Points:
    """What the AP is computed from: detections (N,) and the objects of each class (K,)."""

    labels: np.ndarray
    scores: np.ndarray
    right: np.ndarray
    objects: np.ndarray

    def keep(self, kept: np.ndarray) -> "_Points":
        return replace(self, labels=self.labels[kept], scores=self.scores[kept], right=self.right[kept])


def tide(outcomes: Outcomes, classes: int) -> Tide:
    """Corrects each type of error alone.

    Args:
        outcomes: of a split.
        classes: K.
    """
    right = outcomes.outcomes == CORRECT
    objects = np.bincount(outcomes.object_labels, minlength=classes)
    points = _Points(outcomes.labels, outcomes.scores, right, objects)
    counted, known = outcomes.outcomes != IGNORED, objects > 0
    base = _ap(points.keep(counted), known)
    lost = np.bincount(outcomes.object_labels[~outcomes.hit], minlength=classes)
    perfect = replace(points, scores=right.astype(float)).keep(counted)
    return Tide(
        ap50=base,
        costs={error: max(0.0, _ap(_corrected(outcomes, points, error), known) - base) for error in ERRORS},
        counts=_counts(outcomes),
        false_positives=max(0.0, _ap(perfect, known) - base),
        false_negatives=max(0.0, _ap(replace(points, objects=objects - lost).keep(counted), known) - base),
    )


def _counts(outcomes: Outcomes) -> dict[str, int]:
    counts = {error: int((outcomes.outcomes == OUTCOMES.index(error)).sum()) for error in ERRORS[:-1]}
    return counts | {"missed": int(outcomes.missed.sum())}


def _corrected(outcomes: Outcomes, points: _Points, error: str) -> _Points:
    """The points where one type of error is corrected.

    A class or location error becomes a correct detection where its object is not found otherwise; of several about one
    object, of either type, that of the highest score. All others are taken away.
    """
    counted = outcomes.outcomes != IGNORED
    if error == "missed":
        missed = np.bincount(outcomes.object_labels[outcomes.missed], minlength=len(points.objects))
        return replace(points, objects=points.objects - missed).keep(counted)
    code = {"class": CLASS, "location": LOCATION, "both": BOTH, "duplicate": DUPLICATE, "background": BACKGROUND}[error]
    wrong = outcomes.outcomes == code
    saved = wrong & _best_of_its_object(outcomes) if code in (CLASS, LOCATION) else np.zeros_like(wrong)
    labels = points.labels.copy()
    labels[saved] = outcomes.object_labels[outcomes.targets[saved]]
    return replace(points, labels=labels, right=points.right | saved).keep(counted & (~wrong | saved))


def _best_of_its_object(outcomes: Outcomes) -> np.ndarray:
    """(N,) bool: the class or location error of the highest score about an object that is not hit."""
    about = np.flatnonzero(np.isin(outcomes.outcomes, (CLASS, LOCATION)))
    about = about[~outcomes.hit[outcomes.targets[about]]]
    about = about[np.argsort(-outcomes.scores[about], kind="stable")]
    _, first = np.unique(outcomes.targets[about], return_index=True)
    best = np.zeros(len(outcomes.outcomes), bool)
    best[about[first]] = True
    return best


def _ap(points: _Points, known: np.ndarray) -> float:
    """The mean over the `known` classes; one whose objects are all taken away counts as 0 if it has detections."""
    values = []
    for label in np.flatnonzero(known):
        of_class = points.labels == label
        if points.objects[label]:
            right = points.right[of_class][np.argsort(-points.scores[of_class], kind="stable")]
            values.append(curve(right, np.ones_like(right), int(points.objects[label]))[0].mean())
        elif of_class.any():
            values.append(0.0)
    return float(np.mean(values)) if values else float("nan")
