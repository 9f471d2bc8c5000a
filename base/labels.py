"""What an evaluation of a semantic segmentation measures against: the labels of a split in the size of the files."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from base.batch import IGNORE, category_ids_of

MOST_CLASSES = IGNORE - 1
"""Classes besides the background, at most: a label is one byte, and 255 is ignored."""

BACKGROUND = "background"
"""What label 0 is called."""


@dataclass(frozen=True)
class LabelTruth:
    """What `BaseData.ground_truth(split)` of a semantic data set returns.

    Attributes:
        classes: names of the classes 1…K.
        image_ids: of the split.
        read: image id → (h, w) uint8, 0…K or 255, in the size of the file's image; called when an image's turn comes,
            so that no split has to fit into memory.
        category_ids: the data set's own ids of the classes; 1…K where none are given.
        background: whether a pixel can have the label 0; else each is of a class or ignored, as in Cityscapes.

    Raises:
        ValueError: there are too many classes, or their ids do not fit.
    """

    classes: tuple[str, ...]
    image_ids: tuple[int, ...]
    read: Callable[[int], np.ndarray]
    category_ids: tuple[int, ...] = ()
    background: bool = True

    def __post_init__(self) -> None:
        check_class_count(self.classes)
        object.__setattr__(self, "category_ids", category_ids_of(self.classes, self.category_ids))

    @property
    def label_names(self) -> tuple[str, ...]:
        """Of the labels 0…K."""
        return (BACKGROUND, *self.classes)

    def labels(self, image_id: int) -> np.ndarray:
        """(h, w) uint8: 0 background, 1…K, 255 ignored.

        Raises:
            ValueError: there is no such image in the split, or its labels are no such array.
        """
        if image_id not in self.image_ids:
            raise ValueError(f"image_id {image_id} is not in the ground truth: evaluate on the split it was made for")
        labels = self.read(image_id)
        check_labels(labels, len(self.classes), f"the labels of image_id {image_id}")
        return labels


def check_class_count(classes: tuple[str, ...]) -> None:
    """Refuses more classes than one byte holds beside background and ignored pixels.

    Raises:
        ValueError: there are more than 254.
    """
    if len(classes) > MOST_CLASSES:
        raise ValueError(f"received {len(classes)} classes; a label has one byte: {MOST_CLASSES} at most")


def check_labels(labels: np.ndarray, num_classes: int, name: str) -> None:
    """Refuses what are no labels.

    Args:
        labels: anything.
        num_classes: K.
        name: of the labels, for the message.

    Raises:
        ValueError: they are not (h, w) uint8 of 0…K and 255.
    """
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise ValueError(f"{name} are {labels.dtype} {labels.shape}: give (h, w) uint8")
    unknown = np.flatnonzero(np.bincount(labels.reshape(-1), minlength=256)[num_classes + 1 : IGNORE])
    if len(unknown):
        values = ", ".join(map(str, (unknown + num_classes + 1)[:5]))
        raise ValueError(f"{name} have the value {values}: a label is 0 (background), 1…{num_classes} or {IGNORE}")
