"""Predictions over their images, beside the ground truth."""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np

from base import rle
from base.batch import Batch, Size
from base.letterbox import Letterbox
from inference.detections import KEYS, detections_of
from inference.drawing import overlay, side_by_side

TITLES = ("prediction", "ground truth")
SIDE = 640
"""The longer side of each half in pixels."""


def comparison_images(
    batch: Batch,
    predictions: Mapping[str, np.ndarray],
    ground_truth: dict[str, Any],
    class_names: Sequence[str],
    min_score: float = 0.5,
    side: int = SIDE,
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
        image = enlarged(batch["images"][row][:height, :width], max(1.0, side / max(height, width)))
        shown: Size = image.shape[0], image.shape[1]
        found = {key: np.asarray(predictions[key][row]) for key in KEYS}
        found["classes"] = np.where(found["scores"] >= min_score, found["classes"], 0)
        detections = detections_of(found, Letterbox(shown, geometry.size), tuple(class_names))
        left = detections.take(_left_to_right(detections.boxes)).draw(image)
        of_image = [item for item in ground_truth["annotations"] if item["image_id"] == batch["image_id"][row]]
        right = _draw_items(image, of_image, geometry.original, ground_truth["categories"])
        images.append(side_by_side(left, right, TITLES))
    return images


def result_comparison(
    image: np.ndarray,
    results: Sequence[Mapping[str, Any]],
    annotations: Sequence[Mapping[str, Any]],
    categories: Sequence[Mapping[str, Any]],
    side: int = SIDE,
) -> np.ndarray:
    """COCO results of an image on the left, its ground truth on the right.

    Args:
        image: (h, w, 3) uint8 RGB, in the file's size.
        results: of this image, with `bbox` and, where there are masks, `segmentation` as RLE.
        annotations: of this image, masks as RLE.
        categories: of the ground truth.
        side: the longer side of each half in pixels.
    """
    size: Size = image.shape[0], image.shape[1]
    shown = enlarged(image, side / max(size))
    scores = np.array([item["score"] for item in results], np.float32)
    left = _draw_items(shown, results, size, categories, scores)
    return side_by_side(left, _draw_items(shown, annotations, size, categories), TITLES)


def _draw_items(
    image: np.ndarray,
    items: Sequence[Mapping[str, Any]],
    original: Size,
    categories: Sequence[Mapping[str, Any]],
    scores: np.ndarray | None = None,
) -> np.ndarray:
    """Annotations or results over the image, which may be a zoom of the original."""
    zoom = np.tile([image.shape[1] / original[1], image.shape[0] / original[0]], 2)
    corners = np.array([item["bbox"] for item in items], np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    order = _left_to_right(corners)
    ordered = [items[index] for index in order]
    # A crowd has a name of its own: detections on the left are no mistakes for want of it.
    crowd = np.array([bool(item.get("iscrowd")) for item in ordered], bool)
    numbers = {category["id"]: number for number, category in enumerate(categories, 1)}
    labels = [numbers[item["category_id"]] for item in ordered]
    classes = np.where(crowd, len(categories) + 1, labels).astype(int)
    names = [category["name"] for category in categories] + ["crowd"] * bool(crowd.any())
    chosen = None if scores is None else scores[order]
    return overlay(image, (corners * zoom)[order], classes, names, _masks(ordered, image.shape[:2]), chosen)


def _masks(items: Sequence[Mapping[str, Any]], size: tuple[int, ...]) -> np.ndarray | None:
    """(N, h, w) uint8 at this size; None where the items are boxes alone."""
    if any("segmentation" not in item for item in items):
        return None
    masks = [_resized_mask(rle.decode(item["segmentation"]), size) for item in items]
    return np.array(masks, np.uint8).reshape(-1, *size)


def _left_to_right(boxes: np.ndarray) -> np.ndarray:
    """The order that gives the same object the same color on both sides where colors go by object."""
    return np.argsort(boxes[:, 0] + boxes[:, 2], kind="stable")


def enlarged(image: np.ndarray, zoom: float) -> np.ndarray:
    """The image (h, w, 3) uint8 at `zoom` times its size."""
    way = cv2.INTER_CUBIC if zoom > 1 else cv2.INTER_AREA
    height, width = (max(1, round(side * zoom)) for side in image.shape[:2])
    return image if zoom == 1 else cv2.resize(image, (width, height), interpolation=way)


def _resized_mask(mask: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """The mask at another size, its steps rounded off."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    return cv2.resize(soft, (size[1], size[0]), interpolation=cv2.INTER_LINEAR) > 0.5
