"""MeanIoUEvaluator: mIoU and its kin, from the labels of all pixels at the size of the files' images.

| name | meaning |
|---|---|
| `mIoU` | mean over the labels of the intersection over union |
| `pixel_accuracy` | part of all pixels that have the right label |
| `mean_accuracy` | mean over the labels of the part of their pixels that has them |
| `frequency_weighted_IoU` | IoU, weighted by how many pixels have the label |
| `mean_Dice` | mean over the labels of the Dice coefficient, which is F1 |
| `boundary_mIoU` | mean over the labels of the boundary IoU (Cheng et al. 2021) |
| `IoU/<class>`, `accuracy/<class>`, `Dice/<class>`, `boundary_IoU/<class>` | of one label |

Formulas and what is NaN: `evaluation/pixel_metrics.py`. Everything comes from one confusion matrix of whole numbers
over all images that were shown, so batches, their order and filled-up batches change no digit. Pixels whose true label
is 255 are in no count; in the boundary IoU they are outside of every region, in the prediction as in the ground truth.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from base.analysis import AnalysisOptions
from base.base_eval import BaseEvaluator
from base.batch import Batch
from base.labels import LabelTruth
from base.letterbox import Letterbox
from evaluation.config import MeanIoUConfig
from evaluation.label_analysis import LabelAnalysis, LabelSplit, analyze_labels
from evaluation.label_results import LabelResult, read_label_results
from evaluation.pixel_counts import PixelCounts, count_pixels
from evaluation.pixel_metrics import BOUNDARY_BY_CLASS, BOUNDARY_SUMMARY, BY_CLASS, SUMMARY, named_metrics
from evaluation.views import predictor_views
from inference.label_map import LabelMap, label_map_of, label_map_of_results, to_resize


class MeanIoUEvaluator(BaseEvaluator):
    """Counts pixels at the size of the files' images.

    Args:
        config: which metrics there are.
        ground_truth: the labels of the split.

    Raises:
        ValueError: the ground truth is of another kind of segmentation.
    """

    config_class = MeanIoUConfig

    def __init__(self, config: MeanIoUConfig, ground_truth: LabelTruth):
        super().__init__(config, ground_truth)
        if not isinstance(ground_truth, LabelTruth):
            raise ValueError(
                f'the evaluator "mean_iou" measures against labels (base.labels.LabelTruth) and received '
                f"{type(ground_truth).__name__}: take the evaluator of the data's kind of segmentation"
            )
        self._channels = len(ground_truth.classes) + 1
        self.reset()

    @property
    def background(self) -> bool:
        """Whether label 0 is in the means: without a pixel in any ground truth it would count as a class of IoU 0."""
        chosen = self.config.background
        return self.ground_truth.background if chosen is None else chosen

    @property
    def soft(self) -> bool:
        """Where the probabilities are resized."""
        return self.config.resize == "probabilities"

    @property
    def views(self) -> dict[str, Any]:
        """See `evaluation/views.py`."""
        return predictor_views(self.config.views)

    @property
    def names(self) -> tuple[str, ...]:
        """All names of the table at the top of this file, as the config has them."""
        config = self.config
        means = [*SUMMARY, *[BOUNDARY_SUMMARY] * config.boundary]
        metrics = [*BY_CLASS, *[BOUNDARY_BY_CLASS] * config.boundary] if config.per_class else []
        shown = self.ground_truth.label_names if self.background else self.ground_truth.label_names[1:]
        return (*means, *(f"{metric}/{name}" for metric in metrics for name in shown))

    def reset(self) -> None:
        """Forgets all predictions."""
        self.counts = PixelCounts.none(self._channels)
        self._results: dict[int, list[LabelResult]] = {}

    def update(self, batch: Batch, predictions: dict[str, np.ndarray]) -> None:
        """Counts the pixels of one batch (see `base/batch.py`); those of images that are not valid are left out.

        Args:
            batch: of an evaluation.
            predictions: `labels` (B, H, W), or `probabilities` (B, H, W, K + 1), see `inference.label_map`.

        Raises:
            ValueError: for a missing key, an image that the ground truth does not have, has in another size or that
                came before, a label that is not there.
        """
        given = to_resize(predictions, self.soft)
        names, ids = self.ground_truth.classes, self.ground_truth.category_ids
        for row in np.flatnonzero(batch["valid"]):
            image_id, geometry = int(batch["image_id"][row]), Letterbox.of(batch, row)
            one = {key: np.asarray(value[row]) for key, value in given.items()}
            try:
                found = label_map_of(one, geometry, names, ids)
            except ValueError as error:
                raise ValueError(f"image_id {image_id}: {error}") from error
            self.add(image_id, found)

    def add(self, image_id: int, found: LabelMap) -> None:
        """Counts the pixels of one image.

        Raises:
            ValueError: the ground truth does not have the image, has it in another size, or it came before.
        """
        labels = self.ground_truth.labels(image_id)
        if labels.shape != found.size:
            raise ValueError(
                f"image_id {image_id}: original_size is {found.size} in the batch and {labels.shape} in the ground "
                "truth: both must be the height and width of the file's image"
            )
        if image_id in self._results:
            raise ValueError(f"image_id {image_id}: it came twice since reset(): mark repeated images as not valid")
        self.counts += count_pixels(labels, found.labels, self._channels, self.config.boundary)
        self._results[image_id] = found.to_coco(image_id)

    def result(self) -> dict[str, float]:
        """Name → value of all metrics (see the table at the top of this file), in 0…1 or NaN."""
        config = self.config
        names = self.ground_truth.label_names
        return named_metrics(self.counts.regions, names, self.background, config.per_class, config.boundary)

    def results(self) -> list[dict[str, Any]]:
        """The labels since `reset()` in the result format of COCO's stuff segmentation, see `LabelMap.to_coco`.

        Those of several processes, one list behind the other, give the metrics of all.
        """
        return [one for found in self._results.values() for one in found]

    def load_results(self, results: Sequence[Any], source: str = "the result list") -> None:
        """Takes labels as `results()` gives them; what came before is forgotten.

        Pixels in no mask are background, so every image of the ground truth counts.

        Raises:
            UserError: the list does not fit the ground truth, see `evaluation/label_results.py`.
        """
        self.reset()
        truth = self.ground_truth
        found = read_label_results(results, truth, source)
        for image_id in truth.image_ids:
            size = truth.labels(image_id).shape
            self.add(image_id, label_map_of_results(found[image_id], size, truth.classes, truth.category_ids))

    def analyze(self, options: AnalysisOptions) -> LabelAnalysis:
        """Intervals, confusions and the worst images; its metrics are those of every class, boundaries included.

        Raises:
            UserError: the results to compare with do not fit the ground truth.
        """
        other = None
        if options.other is not None:
            against = type(self)(self.config, self.ground_truth)
            against.load_results(options.other.results, options.other.name)
            other = against._split()
        return analyze_labels(self._split(), options, other)

    def _split(self) -> LabelSplit:
        return LabelSplit(self.ground_truth, self._results, self.background)
