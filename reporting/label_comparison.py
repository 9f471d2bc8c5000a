"""Predicted labels over their images, beside the ground truth."""

from collections.abc import Mapping

import numpy as np

from base.batch import Batch, Size
from base.labels import LabelTruth
from base.letterbox import Letterbox
from inference.drawing import side_by_side
from inference.label_map import LabelMap, label_map_of
from reporting.comparison import SIDE, TITLES, enlarged


def label_comparisons(
    batch: Batch, predictions: Mapping[str, np.ndarray], truth: LabelTruth, side: int = SIDE
) -> list[np.ndarray]:
    """One image for each valid sample: the predicted labels on the left, the ground truth on the right.

    The padding is cropped away, small images are enlarged. Ignored pixels have a color of their own.

    Args:
        batch: of an evaluation, see `base/batch.py`.
        predictions: of this batch, see `inference.label_map.label_map_of`.
        truth: of the split.
        side: the longer side of each half in pixels; larger images keep their size.

    Returns:
        uint8 RGB images of different sizes.
    """
    images = []
    for row in np.flatnonzero(batch["valid"]):
        geometry = Letterbox.of(batch, row)
        height, width = geometry.size
        image = enlarged(batch["images"][row][:height, :width], max(1.0, side / max(height, width)))
        size: Size = image.shape[0], image.shape[1]
        one = {key: np.asarray(value[row]) for key, value in predictions.items()}
        found = label_map_of(one, Letterbox(size, geometry.size), truth.classes)
        wanted = LabelMap(truth.labels(int(batch["image_id"][row])), truth.classes)
        images.append(compared(image, found, wanted.resized(size)))
    return images


def compared(image: np.ndarray, found: LabelMap, wanted: LabelMap) -> np.ndarray:
    """The image with the predicted labels on the left and those of the ground truth on the right, all of one size."""
    return side_by_side(found.draw(image), wanted.draw(image), TITLES)
