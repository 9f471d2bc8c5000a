"""Plots of an evaluation: precision and recall, confusion, reliability, costs of errors, intervals, F1."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.plot_style import COLORS, FAINT, GRID, INK, new_plot, save_plot, tidy

_NAMED = 12
"""Curves of so many classes get a color and a name; of more only their mean."""

_LARGEST = 60.0
"""Inches: the confusion matrix of a thousand classes must fit into the memory."""

_NUMBERED = 25
"""A confusion matrix of so many classes has its numbers written in."""

Curves = Mapping[str, np.ndarray]
"""Name → values over one axis."""


def plot_precision_recall(by_threshold: Curves, by_class: Curves, recalls: np.ndarray, out: Path) -> None:
    """Two panels: the mean over the classes for each IoU threshold, and each class at the lowest threshold.

    Args:
        by_threshold: name of an IoU threshold → (R,) precision.
        by_class: name of a class → (R,) precision; with many classes they are gray.
        recalls: (R,).
        out: the file to write; its ending chooses the format.
    """
    figure = new_plot(10.4, 4.4)
    left, right = figure.subplots(1, 2, sharey=True)
    for number, (name, values) in enumerate(by_threshold.items()):
        shade = 1 - 0.8 * number / max(1, len(by_threshold) - 1)
        left.plot(recalls, values, color=COLORS[0], alpha=shade, linewidth=1.6, label=f"{name} ({values.mean():.2f})")
    _curves(right, recalls, by_class, {name: f"{name} ({values.mean():.2f})" for name, values in by_class.items()})
    titles = ("mean over classes, by IoU threshold", f"by class, at IoU {next(iter(by_threshold), '')}")
    for axis, title in zip((left, right), titles, strict=True):
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall")
        _finish(axis, title)
    left.set_ylabel("precision", color=FAINT)
    save_plot(figure, out)


def plot_f1(thresholds: np.ndarray, by_class: Curves, overall: np.ndarray, best: float, out: Path) -> None:
    """F1 over the score threshold, for each class and for all together.

    Args:
        thresholds: (N,) in 0…1.
        by_class: name of a class → (N,).
        overall: (N,) of all classes together.
        best: the best threshold, marked; NaN for none.
        out: the file to write.
    """
    figure = new_plot(7.4, 4.4)
    axis = figure.subplots()
    _curves(axis, thresholds, by_class, {name: name for name in by_class})
    axis.plot(thresholds, overall, color=INK, linewidth=2.4, label="all classes together")
    if math.isfinite(best):
        axis.axvline(best, color=INK, linewidth=1, linestyle=(0, (4, 3)), label=f"best threshold {best:.2f}")
    axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score threshold", ylabel="F1")
    _finish(axis, "F1 at IoU 0.5")
    save_plot(figure, out)


def plot_confusion(matrix: np.ndarray, names: Sequence[str], title: str, out: Path, percent: bool = False) -> None:
    """Writes `draw_confusion` to the file `out`."""
    save_plot(draw_confusion(matrix, names, title, percent), out)


def draw_confusion(matrix: np.ndarray, names: Sequence[str], title: str, percent: bool = False) -> Figure:
    """Shares of each row as shades; with few classes the counts are written in.

    Args:
        matrix: (N, N) counts: ground truth in the rows, predictions in the columns.
        names: of the N rows and columns.
        title: above it.
        percent: whether shares in percent are written in place of the counts.
    """
    size = 1.9 + max(3.2, (0.42 if len(names) <= _NUMBERED else 0.17) * len(names))
    figure = new_plot(min(size, _LARGEST), min(size, _LARGEST))
    axis = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    letters = 8.5 if len(names) <= _NUMBERED else 5
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=letters)
    axis.set_yticks(range(len(names)), names, fontsize=letters)
    for row, column in np.argwhere(matrix > 0) if len(names) <= _NUMBERED else ():
        ink = "white" if shares[row, column] > 0.6 else INK
        cell = f"{100 * shares[row, column]:.1f}" if percent else str(matrix[row, column])
        axis.text(column, row, cell, ha="center", va="center", color=ink, fontsize=8)
    axis.set(xlabel="predicted", ylabel="ground truth")
    _finish(axis, title, legend=False)
    axis.tick_params(labelsize=letters)
    axis.grid(visible=False)
    return figure


def plot_reliability(
    edges: np.ndarray, counts: np.ndarray, scores: np.ndarray, precisions: np.ndarray, error: float, out: Path
) -> None:
    """The share of correct detections over their score: on the diagonal where scores are probabilities.

    Args:
        edges: (N + 1,) of the bins.
        counts: (N,) detections.
        scores, precisions: (N,) mean score and share of correct ones; NaN where there is no detection.
        error: the expected calibration error.
        out: the file to write.
    """
    figure = new_plot(5.6, 5.6)
    axis, below = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
    axis.bar(edges[:-1], precisions, np.diff(edges), align="edge", color=COLORS[0], alpha=0.85, edgecolor="white")
    axis.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (4, 3)), label="calibrated")
    axis.plot(scores, precisions, color=COLORS[1], marker="o", markersize=4, linewidth=0, label="mean score of a bin")
    axis.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share of correct detections")
    _finish(axis, f"reliability (expected calibration error {error:.3f})")
    below.bar(edges[:-1], counts, np.diff(edges), align="edge", color=GRID, edgecolor="white")
    below.set(xlabel="score", ylabel="detections")
    _finish(below, "", legend=False)
    save_plot(figure, out)


def plot_costs(costs: Mapping[str, Mapping[str, float]], out: Path) -> None:
    """The AP50 that each type of error costs, as bars.

    Args:
        costs: label (masks, boxes) → type of error → cost.
        out: the file to write.
    """
    figure = new_plot(6.6, 3.4)
    axis = figure.subplots()
    height = 0.76 / max(1, len(costs))
    for number, (label, values) in enumerate(costs.items()):
        places = np.arange(len(values)) + (number - (len(costs) - 1) / 2) * height
        bars = axis.barh(places, list(values.values()), height, color=COLORS[number], alpha=0.85, label=label)
        axis.bar_label(bars, fmt="%.3f", padding=3, fontsize=8, color=FAINT)
        axis.set_yticks(np.arange(len(values)), list(values))
    axis.invert_yaxis()
    axis.margins(x=0.12)
    _finish(axis, "AP50 lost to each type of error (TIDE)")
    axis.grid(visible=False, axis="y")
    save_plot(figure, out)


def plot_intervals(values: Mapping[str, tuple[float, float, float]], label: str, out: Path) -> None:
    """A metric of each class with its interval, the best on top; nothing is written without any.

    Args:
        values: class → value, low and high end; classes without a value (NaN) are left out.
        label: of the metric.
        out: the file to write.
    """
    found = {name: one for name, one in values.items() if not math.isnan(one[0])}
    if not found:
        return
    names = sorted(found, key=lambda name: found[name][0])
    middle, low, high = np.array([found[name] for name in names]).T
    figure = new_plot(7.4, 1.3 + 0.27 * len(names))
    axis = figure.subplots()
    axis.barh(names, middle, color=COLORS[0], alpha=0.85, height=0.66, label=label)
    spread = np.nan_to_num(np.abs(np.stack([middle - low, high - middle])))
    axis.errorbar(
        middle, names, xerr=spread, fmt="none", ecolor=INK, elinewidth=1.1, capsize=2.5, label="95 % interval"
    )
    axis.axvline(
        float(middle.mean()), color=FAINT, linewidth=1, linestyle=(0, (4, 3)), label=f"mean {middle.mean():.3f}"
    )
    axis.set(xlim=(0, 1), ylim=(-0.6, len(names) - 0.4))
    tidy(axis)
    axis.grid(visible=False, axis="y")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, labelcolor=INK)
    save_plot(figure, out)


def _curves(axis: Axes, places: np.ndarray, curves: Curves, labels: Mapping[str, str]) -> None:
    many = len(curves) > _NAMED
    for number, (name, values) in enumerate(curves.items()):
        color = FAINT if many else COLORS[number % len(COLORS)]
        style = "--" if not many and number >= len(COLORS) else "-"
        label = None if many else labels[name]
        axis.plot(places, values, style, color=color, alpha=0.25 if many else 0.9, linewidth=1.3, label=label)
    if many:
        mean = np.nanmean(np.stack(list(curves.values())), 0)
        axis.plot(places, mean, color=COLORS[1], linewidth=2, label=f"mean of {len(curves)} classes")


def _finish(axis: Axes, title: str, legend: bool = True) -> None:
    axis.set_title(title, loc="left", color=INK, fontweight="bold", fontsize=10.5)
    axis.xaxis.label.set_color(FAINT)
    axis.yaxis.label.set_color(FAINT)
    tidy(axis)
    if legend and axis.get_legend_handles_labels()[0]:
        axis.legend(frameon=False, fontsize=8, labelcolor=INK)
