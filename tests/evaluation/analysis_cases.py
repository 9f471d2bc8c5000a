"""Boxes of an image or a few, with hand-worked outcomes."""

from evaluation.matching import match
from evaluation.objects import pair_objects
from evaluation.outcomes import find_outcomes
from tests.evaluation.coco_cases import annotation, coco_dict, rectangle

LEFT, RIGHT, BELOW = (10, 10, 50, 50), (100, 10, 140, 50), (10, 100, 50, 140)
"""Three places that do not touch."""

BESIDE = (120, 10, 160, 50)
"""An IoU of 1/3 with RIGHT."""

EMPTY = (180, 120, 220, 160)
"""Where no object is."""


def objects(*items, images=(1,)):
    """A ground truth of boxes with a category, an image (1 if left out) and whether it is a crowd."""
    full = [(*item, *(1, 0)[len(item) - 2 :]) for item in items]
    return coco_dict([annotation(image, label, rectangle(box), crowd) for box, label, image, crowd in full], images)


def detections(*items):
    """Results of boxes with a category, a score and an image (1 if left out)."""
    full = [item if len(item) == 4 else (*item, 1) for item in items]
    return [
        {"image_id": image, "category_id": label, "score": score, "bbox": [x, y, x1 - x, y1 - y]}
        for (x, y, x1, y1), label, score, image in full
    ]


def analyzed(ground_truth, results):
    """The objects, their matches and outcomes, as boxes."""
    paired = pair_objects(ground_truth, results, ["box"], 100)
    matches = match(paired, "box")
    return paired, matches, find_outcomes(paired, matches, "box")
