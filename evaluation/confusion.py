"""The confusion matrix of a detector, with the background as a further class."""

import numpy as np

from evaluation.coco_curves import Kind
from evaluation.objects import Objects
from evaluation.outcomes import CORRECT, FOREGROUND, IGNORED, Outcomes


def confusion_matrix(objects: Objects, outcomes: Outcomes, kind: Kind, score: float) -> np.ndarray:
    """(K + 1, K + 1) int: row of the ground truth, column of the prediction; the last of both is the background.

    Detections of at least `score` count, those in a crowd do not. The correct ones are on the diagonal. Each other one
    is then, the best first, paired with the object still free of the highest IoU, 0.5 or more, which is of another
    class; without such an object it is background taken for its class. Objects left over are taken for background.

    Args:
        objects: of a split.
        outcomes: of these objects, of this kind.
        kind: what is compared.
        score: the threshold.
    """
    classes = len(objects.classes)
    matrix = np.zeros((classes + 1, classes + 1), int)
    for index, image in enumerate(objects.images):
        mine, theirs = np.flatnonzero(outcomes.images == index), np.flatnonzero(outcomes.object_images == index)
        kept = mine[(outcomes.scores[mine] >= score) & (outcomes.outcomes[mine] != IGNORED)]
        correct = kept[outcomes.outcomes[kept] == CORRECT]
        free = ~np.isin(theirs, outcomes.targets[correct])
        np.add.at(matrix, (outcomes.labels[correct], outcomes.labels[correct]), 1)
        ious = image.overlaps[kind][:, ~image.crowd]
        for row in kept[outcomes.outcomes[kept] != CORRECT]:
            label = outcomes.labels[row]
            possible = np.where(free & (outcomes.object_labels[theirs] != label), ious[row - mine[0]], 0)
            column = int(possible.argmax()) if len(possible) else -1
            if column >= 0 and possible[column] >= FOREGROUND:
                matrix[outcomes.object_labels[theirs[column]], label] += 1
                free[column] = False
            else:
                matrix[classes, label] += 1
        matrix[:, classes] += np.bincount(outcomes.object_labels[theirs[free]], minlength=len(matrix))
    return matrix
