"""Ground truth and detections side by side, image by image, with the overlap of every pair: what all analyses read.

Alphabet: `I` images by ascending id, `K` classes in the order of the ground truth's categories, `G` objects and `D`
detections of an image, the best detection first.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from base import rle
from evaluation.boundary import boundary_of
from evaluation.coco_curves import Kind


@dataclass(frozen=True)
class ImageObjects:
    """One image.

    Attributes:
        image_id: in the ground truth.
        targets: (G,) positions in the ground truth's annotations.
        labels: (G,) 0…K-1.
        crowd: (G,) bool, regions of many objects.
        areas: (G,) in pixels, as the annotations have them.
        found: (D,) positions in the list of results.
        found_labels: (D,) 0…K-1.
        scores: (D,) descending.
        found_areas: kind → (D,) in pixels, of the box or of the mask.
        overlaps: kind → (D, G) IoU of each pair, of whatever class; for a crowd the share of the detection in it.
    """

    image_id: int
    targets: np.ndarray
    labels: np.ndarray
    crowd: np.ndarray
    areas: np.ndarray
    found: np.ndarray
    found_labels: np.ndarray
    scores: np.ndarray
    found_areas: Mapping[Kind, np.ndarray]
    overlaps: Mapping[Kind, np.ndarray]


@dataclass(frozen=True)
class Objects:
    """A split.

    Attributes:
        images: by ascending id.
        classes: names of the K classes.
        kinds: what is compared.
    """

    images: tuple[ImageObjects, ...]
    classes: tuple[str, ...]
    kinds: tuple[Kind, ...]


def pair_objects(
    ground_truth: Mapping[str, Any], results: Sequence[Mapping[str, Any]], kinds: Sequence[Kind], limit: int
) -> Objects:
    """Groups annotations and results by image and measures their overlaps once.

    Args:
        ground_truth: COCO dict; where masks are compared, each `segmentation` is a compressed RLE.
        results: `image_id`, `category_id`, `score`, `bbox` xywh and, where masks are compared, `segmentation` RLE.
        kinds: what is compared.
        limit: detections of an image and class that count, the best ones.
    """
    numbers = {int(category["id"]): number for number, category in enumerate(ground_truth["categories"])}
    targets, found = _by_image(ground_truth["annotations"]), _by_image(results)
    images = []
    for image_id in sorted(int(image["id"]) for image in ground_truth["images"]):
        of_image = _best(found.get(image_id, []), results, limit)
        sides = ground_truth["annotations"], targets.get(image_id, []), results, of_image
        images.append(_image(image_id, *sides, numbers, kinds))
    names = tuple(category["name"] for category in ground_truth["categories"])
    return Objects(tuple(images), names, tuple(kinds))


def _by_image(items: Sequence[Mapping[str, Any]]) -> dict[int, list[int]]:
    positions: dict[int, list[int]] = defaultdict(list)
    for position, item in enumerate(items):
        positions[int(item["image_id"])].append(position)
    return positions


def _best(positions: list[int], results: Sequence[Mapping[str, Any]], limit: int) -> list[int]:
    """Ordered by score, equal ones as they came, at most `limit` of each class."""
    taken: dict[int, int] = defaultdict(int)
    kept = []
    for position in sorted(positions, key=lambda position: -results[position]["score"]):
        category = int(results[position]["category_id"])
        taken[category] += 1
        if taken[category] <= limit:
            kept.append(position)
    return kept


def _image(
    image_id: int,
    annotations: Sequence[Mapping[str, Any]],
    targets: list[int],
    results: Sequence[Mapping[str, Any]],
    found: list[int],
    numbers: Mapping[int, int],
    kinds: Sequence[Kind],
) -> ImageObjects:
    objects, detections = [annotations[i] for i in targets], [results[i] for i in found]
    crowd = np.array([bool(item.get("iscrowd", 0)) for item in objects], bool)
    return ImageObjects(
        image_id=image_id,
        targets=np.array(targets, int),
        labels=np.array([numbers[int(item["category_id"])] for item in objects], int),
        crowd=crowd,
        areas=np.array([item["area"] for item in objects], float),
        found=np.array(found, int),
        found_labels=np.array([numbers[int(item["category_id"])] for item in detections], int),
        scores=np.array([item["score"] for item in detections], float),
        found_areas={kind: _areas(detections, kind) for kind in kinds},
        overlaps=_overlaps(detections, objects, crowd, kinds),
    )


def _areas(detections: list[Mapping[str, Any]], kind: Kind) -> np.ndarray:
    if kind == "box":
        return np.array([item["bbox"][2] * item["bbox"][3] for item in detections], float)
    return np.array([rle.area(item["segmentation"]) for item in detections], float)


def _overlaps(
    detections: list[Mapping[str, Any]],
    objects: list[Mapping[str, Any]],
    crowd: np.ndarray,
    kinds: Sequence[Kind],
) -> dict[Kind, np.ndarray]:
    found: dict[Kind, np.ndarray] = {}
    if "box" in kinds:
        predicted, true = (
            np.array([item["bbox"] for item in side], float).reshape(-1, 4) for side in (detections, objects)
        )
        found["box"] = rle.box_overlaps(predicted, true, crowd.tolist())
    if "mask" in kinds or "boundary" in kinds:
        masks, true_masks = ([item["segmentation"] for item in side] for side in (detections, objects))
        found["mask"] = rle.overlaps(masks, true_masks, crowd.tolist())
        if "boundary" in kinds:
            found["boundary"] = _boundary_overlaps(masks, true_masks, crowd, found["mask"])
    return {kind: found[kind] for kind in kinds}


def _boundary_overlaps(
    detections: list[rle.Rle], objects: list[rle.Rle], crowd: np.ndarray, of_masks: np.ndarray
) -> np.ndarray:
    """The smaller of mask IoU and boundary IoU, as the paper's AP takes it; a crowd has no boundary."""
    if not of_masks.any():
        return of_masks
    # Only pairs that overlap need their boundaries.
    rows, columns = np.flatnonzero(of_masks.any(1)), np.flatnonzero(of_masks.any(0))
    edges = [boundary_of(detections[i]) for i in rows], [boundary_of(objects[i]) for i in columns]
    smaller = of_masks.copy()
    block = np.ix_(rows, columns)
    smaller[block] = np.minimum(of_masks[block], rle.overlaps(*edges, [False] * len(columns)))
    return np.where(crowd, of_masks, smaller)
