"""Predictions drawn over their images, alone or beside the ground truth."""

from collections.abc import Sequence

import cv2
import numpy as np

from base.batch import Batch
from inference.drawing import overlay, side_by_side
from inference.paste import paste_mask

_TITLES = ("prediction", "ground truth")


def comparison_images(
    batch: Batch,
    predictions: dict[str, np.ndarray],
    class_names: Sequence[str],
    min_score: float = 0.5,
    side: int = 640,
) -> list[np.ndarray]:
    """One image for each valid sample: the detections on the left, the ground truth on the right.

    The padding is cropped away. Small images are enlarged, so that outlines and labels are clear; the masks of the
    detections are pasted at that size.

    Args:
        batch: see `base/batch.py`.
        predictions: the detections of this batch.
        class_names: of the classes 1…K.
        min_score: detections below it are not drawn.
        side: the longer side of each half in pixels; larger images keep their size.

    Returns:
        uint8 RGB images, of unlike sizes.
    """
    images = []
    for row in np.flatnonzero(batch["valid"]):
        sample = {key: value[row] for key, value in batch.items()}
        height, width = (int(value) for value in sample["image_size"])
        cropped = sample["images"][:height, :width]
        zoom = max(1.0, side / max(height, width))
        image = _resized(cropped, zoom)
        found = {key: np.asarray(value[row]) for key, value in predictions.items()}
        left = draw_detections(image, found, class_names, min_score, (zoom, zoom))
        images.append(side_by_side(left, _draw_ground_truth(image, sample, class_names, zoom), _TITLES))
    return images


def draw_detections(
    image: np.ndarray,
    detections: dict[str, np.ndarray],
    class_names: Sequence[str],
    min_score: float = 0.5,
    scale: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """One image with its detections.

    Args:
        image: (H, W, 3) uint8 RGB.
        detections: of this image alone: `boxes` (D, 4), `scores` (D,), `classes` (D,), `masks` (D, M, M).
        class_names: of the classes 1…K.
        min_score: detections below it are not drawn.
        scale: factors (x, y) from the pixels of the boxes to those of `image`.
    """
    height, width = image.shape[:2]
    kept = np.flatnonzero((detections["classes"] > 0) & (detections["scores"] >= min_score))
    boxes = detections["boxes"][kept].astype(np.float32) * np.tile(np.array(scale, np.float32), 2)
    pasted = [paste_mask(detections["masks"][i], box, height, width) for i, box in zip(kept, boxes, strict=True)]
    masks = np.array(pasted, np.uint8).reshape(len(kept), height, width)
    order = _left_to_right(boxes)
    scores, classes = detections["scores"][kept][order], detections["classes"][kept][order]
    return overlay(image, boxes[order], classes, class_names, masks[order], scores)


def _draw_ground_truth(image: np.ndarray, sample: Batch, class_names: Sequence[str], zoom: float) -> np.ndarray:
    height, width = (int(value) for value in sample["image_size"])
    kept = np.flatnonzero(sample["gt_classes"] > 0)
    kept = kept[_left_to_right(sample["gt_boxes"][kept])]
    masks = [_enlarged(sample["gt_masks"][i, :height, :width] == 1, image.shape[:2]) for i in kept]
    # A crowd has a name of its own: the detections on the left are not to be held against it.
    crowd = sample["gt_crowd"][kept]
    classes = np.where(crowd, len(class_names) + 1, sample["gt_classes"][kept])
    names = [*class_names, "crowd"] if crowd.any() else class_names
    masks = np.array(masks, np.uint8).reshape(len(kept), *image.shape[:2])
    return overlay(image, sample["gt_boxes"][kept] * zoom, classes, names, masks)


def _left_to_right(boxes: np.ndarray) -> np.ndarray:
    """The order that gives the same animal the same color on both sides where colors go by object."""
    return np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")


def _resized(image: np.ndarray, zoom: float) -> np.ndarray:
    return image if zoom == 1 else cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def _enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mask at a larger size, its steps rounded off."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    return cv2.resize(soft, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) > 0.5
