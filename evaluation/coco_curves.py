"""Precision and recall from faster-coco-eval or pycocotools, behind one function.

Alphabet: `T` IoU thresholds 0.50…0.95, `R` 101 recall thresholds, `K` classes in the order of the ground truth's
categories, `A` object sizes (all, small, medium, large), `M` limits on the detections of an image and class.
"""

import contextlib
import io
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["box", "mask", "boundary"]
"""What is compared: boxes, masks, or masks by the smaller of their IoU and the IoU of their boundaries."""

SIZES = ("all", "small", "medium", "large")
"""The axis A: areas up to 32², up to 96² and above, in pixels of the file's image."""

_IOU_TYPE = {"box": "bbox", "mask": "segm"}


@dataclass(frozen=True)
class Curves:
    """What both libraries accumulate; -1 stands where there is no ground truth.

    Attributes:
        precision: (T, R, K, A, M) float64.
        recall: (T, K, A, M) float64, the highest recall reached.
    """

    precision: np.ndarray
    recall: np.ndarray

    def average_precision(self, size: str = "all", threshold: int | None = None, category: int | None = None) -> float:
        """The mean precision over T, R and K with the largest M; NaN where there is no ground truth.

        Args:
            size: one of `SIZES`.
            threshold: an index into T, None for all.
            category: an index into K, None for all.
        """
        chosen = self.precision[:, :, :, SIZES.index(size), -1]
        chosen = chosen if threshold is None else chosen[threshold]
        return _mean(chosen if category is None else chosen[..., category])

    def average_recall(self, size: str = "all", limit: int = -1) -> float:
        """The mean recall over T and K with the limit number `limit`; NaN where there is no ground truth."""
        return _mean(self.recall[:, :, SIZES.index(size), limit])


def evaluate(
    ground_truth: dict[str, Any],
    detections: list[dict[str, Any]],
    kind: Literal["box", "mask"],
    limits: tuple[int, ...],
    fast: bool,
) -> Curves:
    """Match detections with ground truth and accumulate the curves.

    Args:
        ground_truth: COCO dict with `images`, `annotations` (`bbox` xywh, `segmentation`, `area`, `iscrowd`) and
            `categories`; annotations with `iscrowd` are ignored: neither found nor missed. Left as it is.
        detections: COCO results: `image_id`, `category_id`, `score`, `bbox` xywh and, for masks, `segmentation` RLE
            with `area`. Left as they are.
        kind: "box" or "mask": what is compared.
        limits: M, ascending.
        fast: faster-coco-eval instead of pycocotools.
    """
    targets = {
        "images": [dict(image) for image in ground_truth["images"]],
        "categories": [dict(category) for category in ground_truth["categories"]],
        "annotations": _numbered(ground_truth["annotations"]),
    }
    found = {**targets, "annotations": _numbered([_detection(detection, kind) for detection in detections])}
    run = _faster if fast else _reference
    precision, recall = run(targets, found, _IOU_TYPE[kind], list(limits))
    shape = (10, 101, len(targets["categories"]), len(SIZES), len(limits))
    # The libraries sort the categories by id, the list of the ground truth need not be.
    order = np.argsort(np.argsort([category["id"] for category in targets["categories"]]))
    recall = np.reshape(recall, (shape[0], *shape[2:]))
    return Curves(np.reshape(precision, shape)[:, :, order], recall[:, order])


def _numbered(annotations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copies, because the libraries write into them, with ids from 1: a match with the id 0 counts as no match."""
    return [{"iscrowd": 0, **annotation, "id": index} for index, annotation in enumerate(annotations, start=1)]


def _detection(detection: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """A detection with the area of what is compared: `loadRes` of both libraries takes the box's for masks as well."""
    copy = dict(detection)
    if kind == "box":
        copy.pop("segmentation", None)
        copy["area"] = detection["bbox"][2] * detection["bbox"][3]
    return copy


def _faster(targets: dict, found: dict, iou_type: Any, limits: list[int]) -> tuple[np.ndarray, np.ndarray]:
    from faster_coco_eval import COCO, COCOeval_faster  # noqa: PLC0415

    evaluation = COCOeval_faster(COCO(targets), COCO(found), iou_type, print_function=_silent)
    evaluation.params.maxDets = limits
    evaluation.evaluate()
    evaluation.accumulate()
    return evaluation.eval["precision"], evaluation.eval["recall"]


def _reference(targets: dict, found: dict, iou_type: Any, limits: list[int]) -> tuple[np.ndarray, np.ndarray]:
    from pycocotools.coco import COCO  # noqa: PLC0415
    from pycocotools.cocoeval import COCOeval  # noqa: PLC0415

    # It prints its progress and takes no dict: an empty COCO is filled by hand.
    with contextlib.redirect_stdout(io.StringIO()):
        sides: tuple[Any, Any] = COCO(), COCO()
        for side, dataset in zip(sides, (targets, found), strict=True):
            side.dataset = dataset
            side.createIndex()
        evaluation = COCOeval(*sides, iou_type)
        evaluation.params.maxDets = limits
        evaluation.evaluate()
        evaluation.accumulate()
    return evaluation.eval["precision"], evaluation.eval["recall"]


def _silent(*_: Any) -> None:
    """Takes the place of `print`."""


def _mean(values: np.ndarray) -> float:
    defined = values[values > -1]
    return float(np.mean(defined)) if defined.size else float("nan")
