"""The analysis of instance segmentation as plots and as images beside their ground truth."""

from pathlib import Path

import numpy as np

from evaluation.analysis import CocoAnalysis
from evaluation.average_precision import RECALLS
from evaluation.matching import THRESHOLDS
from evaluation.thresholds import GRID
from reporting.analysis_plots import (
    plot_confusion,
    plot_costs,
    plot_f1,
    plot_intervals,
    plot_precision_recall,
    plot_reliability,
)
from reporting.comparison import result_comparison
from tasks.analysis_plots import class_intervals, seen_classes


def plot_instances(analysis: CocoAnalysis, folder: Path) -> dict[str, Path]:
    """Writes the plots; caption → file."""
    files = {
        "precision and recall": folder / "precision_recall.png",
        "AP50 lost to each type of error": folder / "errors.png",
        "AP of each class": folder / "per_class.png",
        "F1 over the score threshold": folder / "f1.png",
        "reliability of the scores": folder / "reliability.png",
        "confusion matrix": folder / "confusion.png",
    }
    curves, known = _curves(analysis)
    thresholds = {f"{threshold:.2f}": curves[row] for row, threshold in enumerate(THRESHOLDS)}
    plot_precision_recall(thresholds, known, RECALLS, folder / "precision_recall.png")
    plot_costs({kind: analysis.tides[kind].costs for kind in reversed(tuple(analysis.tides))}, folder / "errors.png")
    bars = class_intervals(analysis.metrics, analysis.intervals, f"{analysis.kind}/AP", analysis.classes)
    plot_intervals(bars, f"{analysis.kind} AP", folder / "per_class.png")
    by_class = {
        name: values for name, values in zip(analysis.classes, analysis.f1, strict=False) if not np.isnan(values).any()
    }
    plot_f1(GRID, by_class, analysis.f1[-1], analysis.best.threshold, folder / "f1.png")
    found = analysis.calibration
    plot_reliability(found.edges, found.counts, found.scores, found.precisions, found.error, folder / "reliability.png")
    matrix, names = seen_classes(analysis.confusion, (*analysis.classes, "background"), background=-1)
    title = f"confusion at a score of {analysis.score:.2f} and more, IoU 0.5"
    plot_confusion(matrix, names, title, folder / "confusion.png")
    return {caption: path for caption, path in files.items() if path.is_file()}


def draw_instances(analysis: CocoAnalysis, image_id: int, image: np.ndarray) -> np.ndarray:
    """The detections of at least the analysis's score beside the ground truth."""
    annotations, categories = analysis.split.annotations[image_id], analysis.split.ground_truth["categories"]
    return result_comparison(image, analysis.shown[image_id], annotations, categories)


def _curves(analysis: CocoAnalysis) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """(T, R) precision, the mean over the classes with objects; and class → (R,) at the lowest threshold."""
    precision = analysis.curves.precision[:, :, :, 0, -1]
    known = [label for label in range(len(analysis.classes)) if precision[0, 0, label] > -1]
    if not known:
        return np.zeros(precision.shape[:2]), {}
    return precision[:, :, known].mean(2), {analysis.classes[label]: precision[0, :, label] for label in known}
