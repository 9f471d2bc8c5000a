"""Plots of labels: the part of the pixels of each class, the images with it, classes in an image."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from base.labels import BACKGROUND
from preparation.inspection.inspection import Inspection
from preparation.inspection.label_facts import LabelFacts
from preparation.report.plots import LEGEND, MOST_BARS, plot_images, shown_names, title_style
from reporting.plot_style import COLORS, FAINT, new_plot, save_plot, tidy


def plot_all(inspection: Inspection[LabelFacts], folder: Path) -> dict[str, Path]:
    """Writes every plot; title → file."""
    written = {"pixels of each class": folder / "classes.png", "images": folder / "images.png"}
    plot_shares(inspection, folder / "classes.png")
    counts = {name: facts.counts for name, facts in inspection.splits.items()}
    plot_images(inspection.splits, counts, "classes", folder / "images.png")
    return written


def plot_shares(inspection: Inspection[LabelFacts], out: Path) -> None:
    """Bars of the part of the pixels of each class in each split, and of the part of the images that have it.

    Pixels have a logarithmic axis: a rare class may have a thousandth of those of a frequent one.
    """
    names = (BACKGROUND, *inspection.classes)
    total = np.sum([facts.totals[:-1] for facts in inspection.splits.values()], axis=0)
    order = np.argsort(-total, kind="stable")
    shown = order[total[order] > 0][:MOST_BARS][::-1]
    plot = new_plot(8.6, 1.6 + 0.24 * len(shown) * max(1, len(inspection.splits) / 2))
    left, right = plot.subplots(1, 2, sharey=True)
    pixels = {name: 100 * facts.shares[shown] for name, facts in inspection.splits.items()}
    images = {name: 100 * (facts.pixels[:, shown] > 0).mean(axis=0) for name, facts in inspection.splits.items()}
    _bars(left, pixels)
    _log_axis(left, np.concatenate(list(pixels.values())))
    left.set_yticks(range(len(shown)), shown_names([names[label] for label in shown]))
    rest = f", the {MOST_BARS} most frequent of {len(names)}" if len(names) > MOST_BARS else ""
    left.set_title(f"% of the pixels that count{rest}", **title_style())
    _bars(right, images)
    right.set_xlim(0, 100)
    right.set_title("% of the images that have it", **title_style())
    right.legend(loc="lower right", **LEGEND)
    save_plot(plot, out)


def _bars(axis: Axes, values: dict[str, np.ndarray]) -> None:
    """A bar of each split for each class, the first split on top."""
    height = 0.8 / len(values)
    for number, (split, found) in enumerate(values.items()):
        places = np.arange(len(found)) + ((len(values) - 1) / 2 - number) * height
        axis.barh(places, found, height=height, color=COLORS[number], alpha=0.85, label=split)
    tidy(axis)
    axis.grid(visible=False, axis="y")


def _log_axis(axis: Axes, values: np.ndarray) -> None:
    found = values[values > 0]
    axis.set_xscale("log")
    axis.set_xlim(0.5 * (found.min() if len(found) else 1), 100)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.tick_params(axis="x", labelcolor=FAINT)
