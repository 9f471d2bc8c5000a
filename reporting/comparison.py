"""Predictions over their images, beside the ground truth."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from base import rle
from base.batch import Batch
from base.letterbox import Letterbox, Size
from inference.detections import KEYS, detections_of
from inference.drawing import overlay, side_by_side

TITLES = ("prediction", "ground truth")


def comparison_images(
    batch: Batch,
    predictions: Mapping[str, np.ndarray],
    ground_truth: dict[str, Any],
    class_names: Sequence[str],
    min_score: float = 0.5,
    side: int = 640,
) -> list[np.ndarray]:
    """One image for each valid sample: the detections on the left, the ground truth on the right.

    The padding is cropped away. Small images are enlarged, so that outlines and labels are clear; masks are pasted at
    that size.

    Args:
        batch: of an evaluation, see `base/batch.py`.
        predictions: the detections of this batch.
        ground_truth: the split's COCO dict, masks as RLE; class k is the k-th of its categories.
        class_names: of the classes 1…K.
        min_score: detections below it are not shown.
        side: the longer side of each half in pixels; larger images keep their size.

    Returns:
        uint8 RGB images of different sizes.
    """
    images = []
    for row in np.flatnonzero(batch["valid"]):
        geometry = Letterbox.of(batch, row)
        height, width = geometry.size
        image = _enlarged(batch["images"][row][:height, :width], max(1.0, side / max(height, width)))
        shown: Size = image.shape[0], image.shape[1]
        found = {key: np.asarray(predictions[key][row]) for key in KEYS}
        found["classes"] = np.where(found["scores"] >= min_score, found["classes"], 0)
        detections = detections_of(found, Letterbox(shown, geometry.size), tuple(class_names))
        left = detections.take(_left_to_right(detections.boxes)).draw(image)
        of_image = [item for item in ground_truth["annotations"] if item["image_id"] == batch["image_id"][row]]
        right = _draw_ground_truth(image, of_image, geometry.original, ground_truth["categories"])
        images.append(side_by_side(left, right, TITLES))
    return images


def _draw_ground_truth(
    image: np.ndarray, annotations: list[dict[str, Any]], original: Size, categories: Sequence[dict[str, Any]]
) -> np.ndarray:
    zoom = np.tile([image.shape[1] / original[1], image.shape[0] / original[0]], 2)
    corners = np.array([item["bbox"] for item in annotations], np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    order = _left_to_right(corners)
    masks = [_resized_mask(rle.decode(annotations[i]["segmentation"]), image.shape[:2]) for i in order]
    # A crowd has a name of its own: detections on the left are no mistakes for want of it.
    crowd = np.array([bool(annotations[i].get("iscrowd")) for i in order], bool)
    numbers = {category["id"]: number for number, category in enumerate(categories, 1)}
    labels = [numbers[annotations[i]["category_id"]] for i in order]
    classes = np.where(crowd, len(categories) + 1, labels).astype(int)
    names = [category["name"] for category in categories] + ["crowd"] * bool(crowd.any())
    return overlay(
        image, (corners * zoom)[order], classes, names, np.array(masks, np.uint8).reshape(-1, *image.shape[:2])
    )


def _left_to_right(boxes: np.ndarray) -> np.ndarray:
    """The order that gives the same object the same color on both sides where colors go by object."""
    return np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")


def _enlarged(image: np.ndarray, zoom: float) -> np.ndarray:
    return image if zoom == 1 else cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)


def _resized_mask(mask: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The mask at another size, its steps rounded off."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    return cv2.resize(soft, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) > 0.5
