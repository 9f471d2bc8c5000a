"""CocoEvaluator: AP and AR of boxes and masks as the COCO challenge defines them (https://cocodataset.org).

Names of the metrics, for the boxes (`box/…`), for the masks (`mask/…`) and, where the config asks for it, for the masks
by their boundaries (`boundary/…`, Cheng et al. 2021) alike:

| name | meaning |
|---|---|
| `box/AP` | mean over the IoU thresholds 0.50, 0.55…0.95 and over the classes |
| `box/AP50`, `box/AP75` | at the IoU threshold 0.50, 0.75 |
| `box/AP_small`, `box/AP_medium`, `box/AP_large` | of objects up to 32², up to 96² and above, in the file's pixels |
| `box/AR_1`, `box/AR_10`, `box/AR_100` | mean recall with the 1, 10, 100 best detections of an image and class |
| `box/AR_small`, `box/AR_medium`, `box/AR_large` | mean recall by size |
| `box/AP/<class>` | AP of one class |

The set of names depends only on the config and the classes. A metric without any ground truth (a size or a class that
does not occur) is NaN, where COCO has -1: it must not enter a mean or a comparison. Every image of the ground truth
counts: one that was never shown to the evaluator has all its objects missed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from base import rle
from base.analysis import AnalysisOptions
from base.base_eval import BaseEvaluator
from base.batch import Batch
from base.letterbox import Letterbox
from data_loader.coco.segmentation import to_rle
from evaluation.analysis import CocoAnalysis, Split, analyze
from evaluation.coco_curves import Curves, Kind, evaluate
from evaluation.config import CocoConfig
from evaluation.results import complete_results
from evaluation.views import predictor_views
from inference.detections import KEYS, Detections, detections_of

_SIZES = ("small", "medium", "large")
_IOU50, _IOU75 = 0, 5


class CocoEvaluator(BaseEvaluator):
    """Collects detections, at the size of the files' images and compressed, and gives COCO's metrics.

    Args:
        config: thresholds, limits and which library computes.
        ground_truth: COCO dict at the size of the files' images: `images` (`id`, `height`, `width`), `categories`
            (class k is the k-th of the list) and `annotations` with `bbox` xywh, `segmentation`, `area`, `iscrowd`.

    Raises:
        ValueError: for a ground truth without these lists, with two categories of one name or an annotation of an
            image or category that is not there.
    """

    config_class = CocoConfig

    def __init__(self, config: CocoConfig, ground_truth: dict[str, Any]):
        super().__init__(config, ground_truth)
        _check_ground_truth(ground_truth)
        self._sizes = {
            int(image["id"]): (int(image["height"]), int(image["width"])) for image in ground_truth["images"]
        }
        self._categories = [int(category["id"]) for category in ground_truth["categories"]]
        self._names = tuple(category["name"] for category in ground_truth["categories"])
        self.reset()

    @property
    def views(self) -> dict[str, Any]:
        """See `evaluation/views.py`."""
        return predictor_views(self.config.views)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the table at the top of this file, as the config has them."""
        kinds = self._kinds
        summary = [f"{kind}/{name}" for kind in kinds for name in self._summary_names()]
        classes = [f"{kind}/AP/{name}" for kind in kinds for name in self._names] if self.config.per_class else []
        return (*summary, *classes)

    @property
    def _kinds(self) -> tuple[Kind, ...]:
        """Boxes alone where results without masks were loaded."""
        if self._boxes_only:
            return ("box",)
        return ("box", "mask", "boundary") if self.config.boundary else ("box", "mask")

    def _summary_names(self) -> list[str]:
        precision = ["AP", "AP50", "AP75", *(f"AP_{size}" for size in _SIZES)]
        return precision + [f"AR_{number}" for number in self.config.max_detections] + [f"AR_{size}" for size in _SIZES]

    def reset(self) -> None:
        """Forgets all detections."""
        self._detections: list[dict[str, Any]] = []
        self._seen: set[int] = set()
        self._boxes_only = False

    def update(self, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Takes the detections of one batch (see `base/batch.py`); those of class 0 and of empty images are left out.

        Raises:
            ValueError: for a missing key, an image that the ground truth does not have, has in another size or that
                came before, a class that is not there, a box or score that is not finite.
        """
        missing = [key for key in KEYS if key not in predictions]
        if missing:
            raise ValueError(
                f"CocoEvaluator got predictions {sorted(predictions)} without {missing}: see base/batch.py"
            )
        for row in np.flatnonzero(batch["valid"]):
            image_id, geometry = int(batch["image_id"][row]), Letterbox.of(batch, row)
            one = {key: np.asarray(predictions[key][row]) for key in KEYS}
            try:
                found = detections_of(one, geometry, self._names, self.config.mask_threshold, self._categories)
            except ValueError as error:
                raise ValueError(f"image_id {image_id}: {error}") from error
            self.add(image_id, found)

    def add(self, image_id: int, found: Detections) -> None:
        """Takes the detections of one image.

        Raises:
            ValueError: for an image that the ground truth does not have, has in another size or that came before.
        """
        self._check_image(image_id, found.size)
        self._seen.add(image_id)
        self._detections += [
            {**result, "area": float(rle.area(result["segmentation"]))} for result in found.to_coco(image_id)
        ]

    def result(self) -> dict[str, float]:
        """Name → value of all metrics (see the table at the top of this file), in 0…1 or NaN."""
        config = self.config
        metrics: dict[str, float] = {}
        classes: dict[str, float] = {}
        for kind in self._kinds:
            curves = self._curves(kind)
            metrics |= self._summary(kind, curves)
            classes |= self._per_class(kind, curves) if config.per_class else {}
        return metrics | classes

    def load_results(self, results: Sequence[Any], source: str = "the result list") -> None:
        """Takes a COCO result list instead of predictions; what came before is forgotten.

        Without masks in it there are metrics of the boxes alone.

        Raises:
            UserError: the list does not fit the ground truth, see `evaluation/results.py`.
        """
        self.reset()
        self._detections = complete_results(results, self.ground_truth, source)
        self._boxes_only = bool(self._detections) and "segmentation" not in self._detections[0]

    def coco_results(self) -> list[dict[str, Any]]:
        """The detections since `reset()` in COCO's result format, see `inference.detections.Detections.to_coco`.

        `result()` uses the same rounded values, so the file gives the same metrics, but for one trap: `loadRes` of
        pycocotools takes the area of a result from its `bbox` where there is one, so drop `bbox` before evaluating
        masks by size.
        """
        return [{key: value for key, value in one.items() if key != "area"} for one in self._detections]

    def results(self) -> list[dict[str, Any]]:
        """`coco_results()`."""
        return self.coco_results()

    def analyze(self, options: AnalysisOptions) -> CocoAnalysis:
        """Errors, thresholds, calibration, intervals and the worst images; its metrics have `boundary/…` as well.

        Raises:
            UserError: the results to compare with do not fit the ground truth.
        """
        split, metrics = self._split(), self.result()
        other = None
        if options.other is not None:
            against = type(self)(self.config, self.ground_truth)
            against.load_results(options.other.results, options.other.name)
            against_split = against._split()
            other = against_split, against._with_boundary(against.result(), against_split)
        return analyze(split, self._with_boundary(metrics, split), options, other)

    def _split(self) -> Split:
        kinds: tuple[Kind, ...] = ("box",) if self._boxes_only else ("box", "mask", "boundary")
        return Split(self._with_rle(), self._detections, kinds, self.config.max_detections[-1])

    def _with_boundary(self, metrics: dict[str, float], split: Split) -> dict[str, float]:
        if "boundary" not in split.kinds or "boundary/AP" in metrics:
            return metrics
        curves = split.curves("boundary", self.config.max_detections)
        return metrics | self._summary("boundary", curves) | self._per_class("boundary", curves)

    def _check_image(self, image_id: int, size: tuple[int, int]) -> None:
        if image_id not in self._sizes:
            raise ValueError(f"image_id {image_id} is not in the ground truth: evaluate on the split it was made for")
        if self._sizes[image_id] != size:
            raise ValueError(
                f"image_id {image_id} has original_size {size} in the batch and {self._sizes[image_id]} in the ground "
                "truth: both must be the height and width of the file's image"
            )
        if image_id in self._seen:
            raise ValueError(f"image_id {image_id} came twice since reset(): mark repeated images as not valid")

    def _curves(self, kind: Kind) -> Curves:
        limits = self.config.max_detections
        if kind == "boundary":
            return Split(self._with_rle(), self._detections, (kind,), limits[-1]).curves(kind, limits)
        return evaluate(self.ground_truth, self._detections, kind, limits, self.config.fast)

    def _with_rle(self) -> dict[str, Any]:
        """The ground truth with polygons as RLE."""
        annotations = [
            one if _is_rle(one) else one | {"segmentation": to_rle(one["segmentation"], *self._sizes[one["image_id"]])}
            for one in self.ground_truth["annotations"]
        ]
        return self.ground_truth | {"annotations": annotations}

    def _summary(self, kind: Kind, curves: Curves) -> dict[str, float]:
        values = [
            curves.average_precision(),
            curves.average_precision(threshold=_IOU50),
            curves.average_precision(threshold=_IOU75),
            *(curves.average_precision(size) for size in _SIZES),
            *(curves.average_recall(limit=limit) for limit in range(len(self.config.max_detections))),
            *(curves.average_recall(size) for size in _SIZES),
        ]
        return {f"{kind}/{name}": value for name, value in zip(self._summary_names(), values, strict=True)}

    def _per_class(self, kind: Kind, curves: Curves) -> dict[str, float]:
        return {f"{kind}/AP/{name}": curves.average_precision(category=index) for index, name in enumerate(self._names)}


def _check_ground_truth(ground_truth: dict[str, Any]) -> None:
    missing = [key for key in ("images", "annotations", "categories") if key not in ground_truth]
    if missing:
        raise ValueError(f"the ground truth has {sorted(ground_truth)} and lacks {missing}: give a COCO dict")
    names = [category["name"] for category in ground_truth["categories"]]
    ids = {category["id"] for category in ground_truth["categories"]}
    if len(set(names)) < len(names) or len(ids) < len(names):
        raise ValueError(f"the ground truth has categories with one name or id: {ground_truth['categories']}")
    images = {image["id"] for image in ground_truth["images"]}
    for annotation in ground_truth["annotations"]:
        absent = {"image_id", "category_id", "bbox", "area", "segmentation"} - annotation.keys()
        if absent:
            raise ValueError(f"annotation {annotation.get('id')} of the ground truth lacks {sorted(absent)}")
        if annotation["image_id"] not in images or annotation["category_id"] not in ids:
            raise ValueError(
                f"annotation {annotation.get('id')} is of image {annotation['image_id']} and category "
                f"{annotation['category_id']}: one of them is not in the ground truth"
            )


def _is_rle(annotation: dict[str, Any]) -> bool:
    mask = annotation["segmentation"]
    return isinstance(mask, dict) and isinstance(mask["counts"], str)
