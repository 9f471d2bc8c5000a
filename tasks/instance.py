"""Instance segmentation: a box, a class and a mask for each object."""

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np

from base.batch import Batch, DataSpec, Sample, Size
from base.letterbox import Letterbox
from base.task import MetricTable, Shapes, Task, image_shapes
from base.view import View, Window
from data_loader.config import InstanceDataConfig
from data_loader.transforms.prepare import prepare_instances
from inference.detections import KEYS, Detections, detections_of
from inference.merge_tiles import merge_tiles
from inference.tiling import Tiling
from inference.tta import Tta, fuse_views
from reporting.comparison import comparison_images
from tasks.dummy import brighten, fill_rows, noise_batch, random_box
from tasks.instance_analysis import draw_instances, plot_instances
from tasks.tables import arranged, by_class

_COLUMNS = {
    "AP": "AP",
    "AP50": "AP50",
    "AP75": "AP75",
    "AP_small": "small",
    "AP_medium": "medium",
    "AP_large": "large",
}
_KINDS = ("box", "mask", "boundary")
_PREFIXES = tuple(f"{kind}/" for kind in _KINDS)
_DUMMY_OBJECTS = (2, 4, 8)
"""Objects of the images of a dummy batch in turn, as far as the capacity allows."""


class InstanceTask(Task):
    """Batches as the first table of `base/batch.py`, metrics as COCO's (`evaluation/coco.py`).

    Args:
        mask_threshold: a pixel belongs to an object where the pasted probability is above this.
    """

    targets = frozenset({"gt_boxes", "gt_classes", "gt_masks", "gt_crowd"})
    monitor = "mask/AP"
    result = Detections
    curves = ("mask/AP", "box/AP", "mask/AP50", "box/AP50")

    def __init__(self, mask_threshold: float = 0.5):
        self._mask_threshold = mask_threshold

    def as_evaluated(self, evaluator: Mapping[str, Any]) -> "InstanceTask":
        """With its `mask_threshold`."""
        task = copy(self)
        if "mask_threshold" in evaluator:
            task._mask_threshold = evaluator["mask_threshold"]
        return task

    def limits(self, config: InstanceDataConfig) -> dict[str, int]:
        """`max_objects`, G of a batch."""
        return {"max_objects": config.max_objects}

    def shapes(self, spec: DataSpec, batch_size: int) -> Shapes:
        """As in `base/batch.py`."""
        most, size = spec.limits["max_objects"], spec.image_size
        return image_shapes(spec, batch_size) | {
            "gt_boxes": ((batch_size, most, 4), "float32"),
            "gt_classes": ((batch_size, most), "int32"),
            "gt_masks": ((batch_size, most, *size), "uint8"),
            "gt_crowd": ((batch_size, most), "bool"),
        }

    def dummy_batch(self, spec: DataSpec, batch_size: int, seed: int = 0) -> Batch:
        """Noise with bright boxes on it, a tenth to a half of the image's sides.

        The first image fills the input, the others are up to a quarter smaller.
        """
        rng = np.random.default_rng(seed)
        batch = noise_batch(self.shapes(spec, batch_size))
        for row in fill_rows(batch, spec, rng):
            objects = min(_DUMMY_OBJECTS[row % len(_DUMMY_OBJECTS)], spec.limits["max_objects"])
            for index in range(objects):
                _add_dummy_object(batch, row, index, spec.num_classes, rng)
        return batch

    def prepare(self, sample: Sample, config: InstanceDataConfig, rng: np.random.Generator | None) -> Sample:
        """See `data_loader/transforms/prepare.py`."""
        return prepare_instances(sample, config, rng)

    def results(self, predictions: Mapping[str, np.ndarray], batch: Batch, spec: DataSpec) -> list[Detections]:
        """One `Detections` for each valid image."""
        rows = np.flatnonzero(batch["valid"])
        return [
            detections_of(
                {key: predictions[key][row] for key in KEYS},
                Letterbox.of(batch, row),
                spec.classes,
                self._mask_threshold,
                spec.category_ids,
            )
            for row in rows
        ]

    def fuse_views(
        self, found: Sequence[tuple[Mapping[str, np.ndarray], Batch]], views: Sequence[View], spec: DataSpec, tta: Tta
    ) -> Detections:
        """See `inference.tta.fuse_views`."""
        return fuse_views(found, views, spec, tta, self._mask_threshold)

    def merge_tiles(
        self, parts: Sequence[Detections], windows: Sequence[Window], size: Size, spec: DataSpec, tiling: Tiling
    ) -> Detections:
        """See `inference.merge_tiles.merge_tiles`."""
        return merge_tiles(parts, windows, size, tiling)

    def draw(
        self, batch: Batch, predictions: Mapping[str, np.ndarray], ground_truth: Any, spec: DataSpec
    ) -> list[np.ndarray]:
        """Detections with a score of 0.5 or more beside the ground truth."""
        return comparison_images(batch, predictions, ground_truth, spec.classes)

    def plot_analysis(self, analysis: Any, folder: Path) -> dict[str, Path]:
        """Precision and recall, errors, classes, F1, reliability and confusion."""
        return plot_instances(analysis, folder)

    def draw_analyzed(self, analysis: Any, image_id: int, image: np.ndarray) -> np.ndarray:
        """The detections of at least the analysis's score beside the ground truth."""
        return draw_instances(analysis, image_id, image)

    def tables(self, metrics: Mapping[str, float]) -> list[MetricTable]:
        """AP by IoU and size for boxes and masks, whatever else there is, and the AP of each class."""
        kinds = [kind for kind in _KINDS if f"{kind}/AP" in metrics]
        recalls = [int(name[7:]) for name in metrics if name.startswith("box/AR_") and name[7:].isdigit()]
        columns = _COLUMNS | ({f"AR_{max(recalls)}": f"AR {max(recalls)}"} if recalls else {})
        summary = [(kind, *(metrics.get(f"{kind}/{name}") for name in columns)) for kind in kinds]
        classes = dict(sorted(self.per_class(metrics).items()))
        return arranged(MetricTable(("", *columns.values()), tuple(summary)), metrics, _PREFIXES, classes)

    def per_class(self, metrics: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """`mask AP` and `box AP` of each class."""
        return by_class(metrics, {"mask/AP": "mask AP", "box/AP": "box AP"})


def _add_dummy_object(batch: Batch, row: int, index: int, num_classes: int, rng: np.random.Generator) -> None:
    rows, columns = box = random_box(batch, row, rng)
    batch["gt_boxes"][row, index] = columns.start, rows.start, columns.stop, rows.stop
    batch["gt_classes"][row, index] = 1 + rng.integers(num_classes)
    batch["gt_masks"][row, index][box] = 1
    brighten(batch, row, box, rng)
