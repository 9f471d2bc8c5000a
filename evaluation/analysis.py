"""CocoAnalysis: all that the detections of a split show, from one matching of every image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from base.analysis import Analysis, AnalysisOptions, AnalyzedImage
from base.task import MetricTable
from evaluation.analysis_json import analysis_json
from evaluation.analysis_tables import analysis_tables, findings
from evaluation.average_precision import accumulate
from evaluation.bootstrap import Difference, Interval, Sample, resample, sample_metrics
from evaluation.calibration import Calibration, calibration
from evaluation.coco_curves import Curves, Kind
from evaluation.confusion import confusion_matrix
from evaluation.image_quality import ImageQuality, image_qualities
from evaluation.matching import Matches, match
from evaluation.objects import Objects, pair_objects
from evaluation.outcomes import Outcomes, find_outcomes
from evaluation.thresholds import Threshold, best_threshold, f1_curve
from evaluation.tide import Tide, tide

_FALLBACK_SCORE = 0.5
"""The threshold where no detection is correct, so that none is the best."""


@dataclass(frozen=True)
class Split:
    """Ground truth and results, both complete: masks as compressed RLE.

    Attributes:
        ground_truth: COCO dict.
        results: with `bbox`, `score` and, where masks are compared, `segmentation`.
        kinds: what is compared.
        limit: detections of an image and class that count.
    """

    ground_truth: Mapping[str, Any]
    results: Sequence[Mapping[str, Any]]
    kinds: tuple[Kind, ...]
    limit: int

    @cached_property
    def objects(self) -> Objects:
        """Image by image."""
        return pair_objects(self.ground_truth, self.results, self.kinds, self.limit)

    @cached_property
    def matches(self) -> dict[Kind, Matches]:
        """By kind."""
        return {kind: match(self.objects, kind) for kind in self.kinds}

    @cached_property
    def annotations(self) -> Mapping[int, list[Mapping[str, Any]]]:
        """Image id → its annotations."""
        found: dict[int, list[Mapping[str, Any]]] = {image.image_id: [] for image in self.objects.images}
        for item in self.ground_truth["annotations"]:
            found[int(item["image_id"])].append(item)
        return found

    def curves(self, kind: Kind, limits: Sequence[int]) -> Curves:
        """Precision and recall of a kind."""
        return accumulate(self.matches[kind], limits)


@dataclass(frozen=True)
class CocoAnalysis(Analysis):
    """What `analyze` found. The main kind is the masks, or the boxes where the results have no masks.

    Attributes:
        split: what was analyzed.
        metrics: name → value.
        classes: names of the K classes.
        kind: the main kind, which all but `metrics`, `intervals` and `tides` are of.
        intervals: name → interval of each AP; empty without draws.
        tides: kind → cost of errors.
        curves: precision at the thresholds T and R.
        best: the score threshold of the highest F1 over all classes.
        thresholds: (K,) that of each class.
        f1: (K + 1, 101) F1 over the threshold for each class and, last, for all together.
        score: the threshold of `confusion` and `qualities`.
        calibration: of the scores.
        confusion: (K + 1, K + 1) of the ground truth (rows) and the predictions; the background is last.
        qualities: each image, the worst first.
        other: name of the run compared with; None for none.
        differences: name → difference from that run.
    """

    split: Split
    metrics: Mapping[str, float]
    classes: tuple[str, ...]
    kind: Kind
    intervals: Mapping[str, Interval]
    tides: Mapping[Kind, Tide]
    curves: Curves
    best: Threshold
    thresholds: tuple[Threshold, ...]
    f1: np.ndarray
    score: float
    calibration: Calibration
    confusion: np.ndarray
    qualities: tuple[ImageQuality, ...]
    other: str | None
    differences: Mapping[str, Difference]

    @cached_property
    def shown(self) -> Mapping[int, list[Mapping[str, Any]]]:
        """Image id → its results of at least `score`."""
        return {one.image_id: [self.split.results[position] for position in one.found] for one in self.qualities}

    @property
    def images(self) -> Sequence[AnalyzedImage]:
        """The images with `quality`, counts, `classes` and `errors` as attributes."""
        return [_analyzed(one, self.split.results) for one in self.qualities]

    def to_dict(self) -> dict[str, Any]:
        """See `evaluation/analysis_json.py`."""
        return analysis_json(self)

    def tables(self) -> dict[str, MetricTable]:
        """See `evaluation/analysis_tables.py`."""
        return analysis_tables(self)

    def findings(self) -> Sequence[str]:
        """The costliest error, the best threshold and the calibration."""
        return findings(self)


def analyze(
    split: Split,
    metrics: Mapping[str, float],
    options: AnalysisOptions,
    other: tuple[Split, Mapping[str, float]] | None = None,
) -> CocoAnalysis:
    """Everything that one matching of the split gives.

    Args:
        split: ground truth and results.
        metrics: of `CocoEvaluator`.
        options: threshold, draws, seed and the name of the other run.
        other: split and metrics of the run to compare with, on the same ground truth.
    """
    classes = split.objects.classes
    kind: Kind = "mask" if "mask" in split.kinds else "box"
    outcomes: dict[Kind, Outcomes] = {
        one: find_outcomes(split.objects, split.matches[one], one) for one in split.kinds if one != "boundary"
    }
    main = outcomes[kind]
    best = best_threshold(main)
    default = _FALLBACK_SCORE if np.isnan(best.threshold) else best.threshold
    score = default if options.score is None else options.score
    against = (_sample(other[0]), other[1]) if other else None
    intervals, differences = resample(len(split.objects.images), options, metrics, _sample(split), against)
    return CocoAnalysis(
        split=split,
        metrics=metrics,
        classes=classes,
        kind=kind,
        intervals=intervals,
        tides={one: tide(found, len(classes)) for one, found in outcomes.items()},
        curves=split.curves(kind, (split.limit,)),
        best=best,
        thresholds=tuple(best_threshold(main, label) for label in range(len(classes))),
        f1=_f1_curves(main, len(classes)),
        score=score,
        calibration=calibration(main),
        confusion=confusion_matrix(split.objects, main, kind, score),
        qualities=tuple(image_qualities(split.objects, main, score)),
        other=options.other.name if options.other else None,
        differences=differences,
    )


def _f1_curves(outcomes: Outcomes, classes: int) -> np.ndarray:
    return np.stack([f1_curve(outcomes, label) for label in (*range(classes), None)])


def _sample(split: Split) -> Sample:
    return lambda weights: sample_metrics(split.matches, split.objects.classes, weights)


def _analyzed(one: ImageQuality, results: Sequence[Mapping[str, Any]]) -> AnalyzedImage:
    scores = [results[position]["score"] for position in one.found]
    caption = f"image {one.image_id}: quality {one.quality:.2f}, {one.correct} correct, {one.wrong} wrong, "
    caption += f"{one.missed} not found" + (f"\n{', '.join(one.errors)}" if one.errors else "")
    attributes = {
        "class": one.classes,
        "error": one.errors,
        "quality": one.quality,
        "best score": max(scores, default=None),
        "lowest score": min(scores, default=None),
        "correct": one.correct,
        "wrong": one.wrong,
        "not found": one.missed,
    }
    return AnalyzedImage(one.image_id, caption, attributes)
