"""The analysis of semantic segmentation as plots and as images beside their ground truth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evaluation.label_analysis import LabelAnalysis
from reporting.analysis_plots import draw_confusion, plot_confusion, plot_intervals
from reporting.comparison import SIDE, enlarged
from reporting.label_comparison import compared
from reporting.plot_style import plot_image
from tasks.analysis_plots import class_intervals, seen_classes

_CONFUSION = "pixels in % of the ground truth"


def draw_label_confusion(confusion: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """A confusion matrix (C, C) of labels as uint8 RGB."""
    return plot_image(draw_confusion(*seen_classes(confusion, names, background=0), _CONFUSION, percent=True))


def plot_labels(analysis: LabelAnalysis, folder: Path) -> dict[str, Path]:
    """Writes the plots; caption → file."""
    files = {"IoU of each class": folder / "per_class.png", "confusion matrix": folder / "confusion.png"}
    bars = class_intervals(analysis.metrics, analysis.intervals, "IoU", analysis.label_names)
    plot_intervals(bars, "IoU", files["IoU of each class"])
    matrix, names = seen_classes(analysis.confusion, analysis.label_names, background=0)
    plot_confusion(matrix, names, _CONFUSION, files["confusion matrix"], percent=True)
    return {caption: path for caption, path in files.items() if path.is_file()}


def draw_labels(analysis: LabelAnalysis, image_id: int, image: np.ndarray) -> np.ndarray:
    """The predicted labels beside the ground truth."""
    shown = enlarged(image, SIDE / max(image.shape[:2]))
    size = shown.shape[0], shown.shape[1]
    found, wanted = (one(image_id).resized(size) for one in (analysis.split.found, analysis.split.wanted))
    return compared(shown, found, wanted)
