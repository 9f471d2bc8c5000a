"""LabelAnalysis: what the labels of a split show beyond the row of metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from base.analysis import Analysis, AnalysisOptions, AnalyzedImage
from base.labels import LabelTruth
from base.task import MetricTable
from evaluation.analysis_parts import SPAN, difference_sentence, difference_table, interval_table, plain, resampled_json
from evaluation.bootstrap import Difference, Interval, Sample, resample
from evaluation.label_quality import LabelQuality, label_quality, mistakes
from evaluation.label_results import LabelResult
from evaluation.pixel_counts import PixelCounts, count_pixels
from evaluation.pixel_metrics import BOUNDARY_SUMMARY, SUMMARY, named_metrics
from inference.label_map import LabelMap, label_map_of_results

_MISTAKES = 20
"""Rows of the table of confusions."""


@dataclass(frozen=True)
class LabelSplit:
    """Ground truth and predictions.

    Attributes:
        truth: of the split.
        results: image id → its results, of the images that were shown.
        background: whether label 0 is in the means.
    """

    truth: LabelTruth
    results: Mapping[int, Sequence[LabelResult]]
    background: bool

    def found(self, image_id: int) -> LabelMap:
        """What was predicted for an image, in the size of its file."""
        size = self.wanted(image_id).size
        return label_map_of_results(self.results[image_id], size, self.truth.classes, self.truth.category_ids)

    def wanted(self, image_id: int) -> LabelMap:
        """Its ground truth."""
        return LabelMap(self.truth.labels(image_id), self.truth.classes, self.truth.category_ids)

    @cached_property
    def counts(self) -> Mapping[int, PixelCounts]:
        """Image id → its pixels."""
        channels = len(self.truth.label_names)
        return {
            image_id: count_pixels(self.wanted(image_id).labels, self.found(image_id).labels, channels)
            for image_id in self.results
        }

    @cached_property
    def regions(self) -> np.ndarray:
        """(I, 5, C) of each image, see `PixelCounts.regions`."""
        found = [counts.regions for counts in self.counts.values()]
        return np.array(found, np.int64).reshape(-1, 5, len(self.truth.label_names))

    def metrics(self, weights: np.ndarray | None = None) -> dict[str, float]:
        """All metrics, with (I,) int as how often each image counts; None for once."""
        regions = self.regions.sum(0) if weights is None else np.tensordot(weights, self.regions, 1)
        return named_metrics(regions, self.truth.label_names, self.background)


@dataclass(frozen=True)
class LabelAnalysis(Analysis):
    """What `analyze_labels` found.

    Attributes:
        split: what was analyzed.
        metrics: name → value.
        confusion: (C, C) int64: row of the ground truth, column of the prediction, the background first.
        intervals: name → interval; empty without draws.
        qualities: each image, the worst first.
        other: name of the run compared with; None for none.
        differences: name → difference from that run.
    """

    split: LabelSplit
    metrics: Mapping[str, float]
    confusion: np.ndarray
    intervals: Mapping[str, Interval]
    qualities: tuple[LabelQuality, ...]
    other: str | None
    differences: Mapping[str, Difference]

    @property
    def label_names(self) -> tuple[str, ...]:
        """Of the C labels."""
        return self.split.truth.label_names

    @property
    def images(self) -> Sequence[AnalyzedImage]:
        """The images with `quality` (their own mIoU), `class` and `error` as attributes."""
        return [one.analyzed() for one in self.qualities]

    def to_dict(self) -> dict[str, Any]:
        """`intervals`, `comparison`, `confusion` and `images`."""
        return plain(
            {
                **resampled_json(self.intervals, self.other, self.differences),
                "confusion": {"classes": list(self.label_names), "matrix": self.confusion},
                "images": [{"image_id": one.image_id, "mIoU": one.quality} for one in self.qualities],
            }
        )

    def tables(self) -> dict[str, MetricTable]:
        """Intervals, the most frequent confusions and the differences."""
        named = [(name.replace("_", " "), name) for name in (*SUMMARY, BOUNDARY_SUMMARY)]
        rows = [
            (f"{self.label_names[true]} as {self.label_names[found]}", pixels, share)
            for true, found, pixels, share in mistakes(self.confusion)[:_MISTAKES]
        ]
        found = {
            f"metrics and their {SPAN} interval over images": interval_table(named, self.metrics, self.intervals),
            "most frequent confusions": MetricTable(
                ("ground truth as predicted", "pixels", "of its pixels"), tuple(rows)
            ),
            f"difference from {self.other}": difference_table(self.differences),
        }
        return {caption: table for caption, table in found.items() if table.rows}

    def findings(self) -> Sequence[str]:
        """The hardest class, the most frequent confusion and the comparison."""
        found = []
        known = {
            name: self.metrics[f"IoU/{name}"]
            for name in self.label_names
            if not np.isnan(self.metrics.get(f"IoU/{name}", np.nan))
        }
        if len(known) > 1:
            hardest = min(known, key=lambda name: known[name])
            found.append(f"The lowest IoU is that of {hardest}: {known[hardest]:.3f}.")
        for true, guess, _, share in mistakes(self.confusion)[:1]:
            found.append(
                f"The most frequent mistake is {self.label_names[true]} taken for {self.label_names[guess]}: "
                f"{share:.1%} of its pixels."
            )
        if "mIoU" in self.differences:
            found.append(difference_sentence("mIoU", self.differences["mIoU"], str(self.other)))
        return found


def analyze_labels(split: LabelSplit, options: AnalysisOptions, other: LabelSplit | None = None) -> LabelAnalysis:
    """Counts the pixels of every image once more, and all that follows from them.

    Args:
        split: ground truth and predictions.
        options: draws, seed and the name of the other run; labels have no score.
        other: the run to compare with; None: there is none.
    """
    metrics = split.metrics()
    against = (_sample(other), other.metrics()) if other else None
    intervals, differences = resample(len(split.results), options, metrics, _sample(split), against)
    names = split.truth.label_names
    qualities = [label_quality(image_id, counts, names, split.background) for image_id, counts in split.counts.items()]
    return LabelAnalysis(
        split=split,
        metrics=metrics,
        confusion=sum(split.counts.values(), PixelCounts.none(len(names))).confusion,
        intervals=intervals,
        qualities=tuple(sorted(qualities, key=lambda one: (one.quality, one.image_id))),
        other=options.other.name if options.other else None,
        differences=differences,
    )


def _sample(split: LabelSplit) -> Sample:
    def sample(weights: np.ndarray) -> dict[str, np.ndarray]:
        draws = [split.metrics(column) for column in weights.T]
        return {name: np.array([one[name] for one in draws]) for name in draws[0]}

    return sample
