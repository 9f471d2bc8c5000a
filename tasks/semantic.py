"""Semantic segmentation: a label for every pixel."""

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from base.base_eval import BaseEvaluator
from base.batch import IGNORE, Batch, DataSpec, Sample, Size
from base.labels import LabelTruth, check_class_count
from base.letterbox import Letterbox
from base.task import MetricTable, Shapes, Task, image_shapes
from base.view import View, Window
from data_loader.config import InstanceDataConfig
from data_loader.transforms.prepare_labels import prepare_labels
from evaluation.mean_iou import MeanIoUEvaluator
from evaluation.pixel_metrics import BOUNDARY_BY_CLASS, BOUNDARY_SUMMARY, BY_CLASS, SUMMARY
from inference.label_map import LabelMap, label_map_of, to_resize
from inference.soft_labels import SoftLabels, fuse, merge, soft_labels_of
from inference.tiling import Tiling
from inference.tta import Tta
from reporting.label_comparison import label_comparisons
from tasks.dummy import brighten, fill_rows, noise_batch, random_box
from tasks.semantic_analysis import draw_label_confusion, draw_labels, plot_labels
from tasks.tables import arranged, by_class

_SUMMARY = {
    "mIoU": "mIoU",
    BOUNDARY_SUMMARY: "boundary mIoU",
    "mean_Dice": "Dice",
    "mean_accuracy": "accuracy",
    "pixel_accuracy": "of pixels",
    "frequency_weighted_IoU": "weighted IoU",
}
_CLASSES = {"IoU": "IoU", BOUNDARY_BY_CLASS: "boundary IoU", "accuracy": "accuracy", "Dice": "Dice"}
_DUMMY_REGIONS = 6


class SemanticTask(Task):
    """Batches with `labels` (`base/batch.py`), metrics of `evaluation/mean_iou.py`.

    A network predicts `labels` (B, H, W) int32 in pixels of its input and, from `BaseModel.predict_soft` or always,
    `probabilities` (B, H, W, K + 1) float32; label and channel 0 are the background.

    Args:
        soft: whether the probabilities are resized to the file's size, where there are any, in place of the labels.
    """

    targets = frozenset({"labels"})
    monitor = "mIoU"
    result = LabelMap
    curves = ("mIoU", "pixel_accuracy", BOUNDARY_SUMMARY)

    def __init__(self, soft: bool = True):
        self.soft = soft

    def as_evaluated(self, evaluator: Mapping[str, Any]) -> "SemanticTask":
        """With its `resize`."""
        task = copy(self)
        if "resize" in evaluator:
            task.soft = evaluator["resize"] == "probabilities"
        return task

    def shapes(self, spec: DataSpec, batch_size: int) -> Shapes:
        """As in `base/batch.py`."""
        check_class_count(spec.classes)
        return image_shapes(spec, batch_size) | {"labels": ((batch_size, *spec.image_size), "int32")}

    def dummy_batch(self, spec: DataSpec, batch_size: int, seed: int = 0) -> Batch:
        """Noise with bright boxes on it, each of one class; the padding is ignored."""
        rng = np.random.default_rng(seed)
        batch = noise_batch(self.shapes(spec, batch_size))
        batch["labels"][:] = IGNORE
        for row in fill_rows(batch, spec, rng):
            height, width = batch["image_size"][row]
            batch["labels"][row, :height, :width] = 0
            for _ in range(_DUMMY_REGIONS):
                box = random_box(batch, row, rng)
                batch["labels"][row][box] = 1 + rng.integers(spec.num_classes)
                brighten(batch, row, box, rng)
        return batch

    def prepare(self, sample: Sample, config: InstanceDataConfig, rng: np.random.Generator | None) -> Sample:
        """See `data_loader/transforms/prepare_labels.py`."""
        return prepare_labels(sample, config, rng)

    def results(self, predictions: Mapping[str, np.ndarray], batch: Batch, spec: DataSpec) -> list[LabelMap]:
        """One `LabelMap` for each valid image."""
        return [
            label_map_of(
                {key: value[row] for key, value in to_resize(predictions, self.soft).items()},
                Letterbox.of(batch, row),
                spec.classes,
                spec.category_ids,
            )
            for row in np.flatnonzero(batch["valid"])
        ]

    def part(self, predictions: Mapping[str, np.ndarray], batch: Batch, spec: DataSpec) -> SoftLabels:
        """The probabilities, which can be averaged."""
        return soft_labels_of(predictions, batch, spec.num_classes)

    def finished(self, part: SoftLabels, spec: DataSpec) -> LabelMap:
        """The most probable labels."""
        return LabelMap(part.labels(), spec.classes, spec.category_ids)

    def fuse_views(
        self, found: Sequence[tuple[Mapping[str, np.ndarray], Batch]], views: Sequence[View], spec: DataSpec, tta: Tta
    ) -> SoftLabels:
        """The mean of the views' probabilities, see `inference.soft_labels`."""
        return fuse(found, views, spec.num_classes)

    def merge_tiles(
        self, parts: Sequence[SoftLabels], windows: Sequence[Window], size: Size, spec: DataSpec, tiling: Tiling
    ) -> LabelMap:
        """The most probable labels by the mean of the windows' probabilities, see `inference.soft_labels`."""
        return LabelMap(merge(parts, windows, size), spec.classes, spec.category_ids)

    def draw(
        self, batch: Batch, predictions: Mapping[str, np.ndarray], ground_truth: LabelTruth, spec: DataSpec
    ) -> list[np.ndarray]:
        """The labels beside the ground truth."""
        return label_comparisons(batch, to_resize(predictions, self.soft), ground_truth)

    def plot_analysis(self, analysis: Any, folder: Path) -> dict[str, Path]:
        """IoU of the classes and confusion matrix."""
        return plot_labels(analysis, folder)

    def draw_analyzed(self, analysis: Any, image_id: int, image: np.ndarray) -> np.ndarray:
        """The labels beside the ground truth."""
        return draw_labels(analysis, image_id, image)

    def charts(self, evaluator: BaseEvaluator) -> dict[str, np.ndarray]:
        """The confusion matrix."""
        if not isinstance(evaluator, MeanIoUEvaluator):
            return {}
        names = evaluator.ground_truth.label_names
        return {"confusion": draw_label_confusion(evaluator.counts.confusion, names)}

    def tables(self, metrics: Mapping[str, float]) -> list[MetricTable]:
        """The means, whatever else there is, and the metrics of each class."""
        means = {title: metrics[name] for name, title in _SUMMARY.items() if name in metrics}
        summary = MetricTable(("", *means), ((("all classes"), *means.values()),) if means else ())
        prefixes = [f"{name}/" for name in (*BY_CLASS, BOUNDARY_BY_CLASS)]
        return arranged(summary, metrics, (*SUMMARY, BOUNDARY_SUMMARY, *prefixes), self.per_class(metrics))

    def per_class(self, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """IoU, boundary IoU, accuracy and Dice of each class."""
        return by_class(metrics, _CLASSES)
