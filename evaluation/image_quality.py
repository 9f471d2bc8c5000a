"""How good the predictions of each image are, to find the worst ones."""

from dataclasses import dataclass

import numpy as np

from evaluation.objects import Objects
from evaluation.outcomes import CORRECT, IGNORED, OUTCOMES, Outcomes


@dataclass(frozen=True)
class ImageQuality:
    """One image, with its detections of a score threshold or more.

    Attributes:
        image_id: in the ground truth.
        quality: the sum of the IoU of correct detections, divided by correct + wrong / 2 + missed / 2: panoptic quality
            (Kirillov et al. 2019) over all classes of one image. 1 where there is neither an object nor a detection.
        correct: number of correct detections.
        wrong: number of others.
        missed: number of objects without a correct detection.
        errors: types of error that occur, `missed` for objects that no detection is about.
        classes: names of the classes of its objects and detections.
        found: positions in the list of results of the detections shown, the best first.
    """

    image_id: int
    quality: float
    correct: int
    wrong: int
    missed: int
    errors: tuple[str, ...]
    classes: tuple[str, ...]
    found: tuple[int, ...]


def image_qualities(objects: Objects, outcomes: Outcomes, score: float) -> list[ImageQuality]:
    """All images, the worst first, of equal ones by id.

    Args:
        objects: of a split.
        outcomes: of these objects.
        score: detections below it are left out.
    """
    kept = np.flatnonzero(outcomes.scores >= score)
    ends = np.searchsorted(outcomes.images[kept], np.arange(len(objects.images) + 1))
    starts = np.searchsorted(outcomes.object_images, np.arange(len(objects.images) + 1))
    found = [
        _quality(objects, outcomes, index, kept[ends[index] : ends[index + 1]], slice(*starts[index : index + 2]))
        for index in range(len(objects.images))
    ]
    return sorted(found, key=lambda one: (one.quality, one.image_id))


def _quality(objects: Objects, outcomes: Outcomes, index: int, kept: np.ndarray, mine: slice) -> ImageQuality:
    counted = kept[outcomes.outcomes[kept] != IGNORED]
    correct = counted[outcomes.outcomes[counted] == CORRECT]
    wrong = counted[outcomes.outcomes[counted] != CORRECT]
    numbers = np.arange(mine.start, mine.stop)
    lost = ~np.isin(numbers, outcomes.targets[correct])
    unnoticed = lost & ~np.isin(numbers, outcomes.targets[counted])
    total = len(correct) + len(wrong) / 2 + lost.sum() / 2
    labels = np.union1d(outcomes.object_labels[mine], outcomes.labels[counted]).astype(int)
    errors = [OUTCOMES[code] for code in np.unique(outcomes.outcomes[wrong])] + ["missed"] * bool(unnoticed.any())
    return ImageQuality(
        image_id=objects.images[index].image_id,
        quality=float(outcomes.overlaps[correct].sum() / total) if total else 1.0,
        correct=len(correct),
        wrong=len(wrong),
        missed=int(lost.sum()),
        errors=tuple(errors),
        classes=tuple(objects.classes[label] for label in labels),
        found=tuple(outcomes.found[kept].tolist()),
    )
