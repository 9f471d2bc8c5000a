"""Plots of an inspection, whatever is annotated: how many an image has, image sizes; and the style of all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from preparation.inspection.facts import SplitFacts
from reporting.plot_style import COLORS, FAINT, INK, new_plot, save_plot, tidy

MOST_BARS = 60
"""Classes that a plot shows, the most frequent ones."""
LEGEND = {"frameon": False, "fontsize": 8.5, "labelcolor": INK}


def plot_images(splits: Mapping[str, SplitFacts], counts: Mapping[str, np.ndarray], what: str, out: Path) -> None:
    """How many of something an image has, and which sizes images have.

    Args:
        splits: name → what was measured.
        counts: name of the split → (I,) how many each image has.
        what: is counted.
        out: the file to write.
    """
    plot = new_plot(8.6, 3.9)
    left, right = plot.subplots(1, 2)
    _counts(left, counts)
    label(left, what, "% of the images")
    left.set_title(f"{what} in an image", **title_style())
    sizes = Counter(tuple(size) for facts in splits.values() for size in facts.sizes.tolist())
    heights, widths = np.array(list(sizes)).T
    area = 8 + 500 * np.array(list(sizes.values())) / sum(sizes.values())
    right.scatter(widths, heights, s=area, color=COLORS[0], alpha=0.35, linewidths=0)
    right.set(xlim=(0, None), ylim=(0, None))
    label(right, "width, pixels", "height, pixels")
    right.set_title(f"image sizes ({len(sizes):,} different)", **title_style())
    tidy(right)
    save_plot(plot, out)


def _counts(axis: Axes, counts: Mapping[str, np.ndarray]) -> None:
    most = max(int(np.percentile(found, 99)) for found in counts.values())
    for number, (name, found) in enumerate(counts.items()):
        shown = np.bincount(np.minimum(found, most), minlength=most + 1) * 100 / len(found)
        width = 0.8 / len(counts)
        places = np.arange(most + 1) + (number - (len(counts) - 1) / 2) * width
        axis.bar(places, shown, width=width, color=COLORS[number], alpha=0.85, label=name)
    if most < int(max(found.max() for found in counts.values())):
        axis.annotate(f"{most} or more", (most, 0), (0, 14), textcoords="offset points", ha="right", fontsize=8,
                      color=FAINT)  # fmt: skip
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    tidy(axis)
    axis.legend(**LEGEND)


def shown_names(names: Sequence[str]) -> list[str]:
    """As a plot shows them."""
    return [name.replace("_", " ") for name in names]


def label(axis: Axes, x: str, y: str) -> None:
    """Labels both axes."""
    axis.set_xlabel(x, color=FAINT, fontsize=9)
    axis.set_ylabel(y, color=FAINT, fontsize=9)


def title_style() -> dict:
    """Of the title of an axis."""
    return {"loc": "left", "color": INK, "fontweight": "bold", "fontsize": 10}
