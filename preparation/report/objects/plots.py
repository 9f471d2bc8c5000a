"""Plots of objects: classes, sizes, objects in an image."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from preparation.inspection.inspection import Inspection
from preparation.inspection.object_facts import ObjectFacts
from preparation.report.plots import LEGEND, MOST_BARS, label, plot_images, shown_names, title_style
from reporting.plot_style import COLORS, FAINT, INK, new_plot, save_plot, tidy

_BINS = 32


def plot_all(inspection: Inspection[ObjectFacts], folder: Path) -> dict[str, Path]:
    """Writes every plot; title → file."""
    count = len(inspection.classes)
    classes = {
        name: dict(zip(inspection.classes, facts.amounts(count).tolist(), strict=True))
        for name, facts in inspection.splits.items()
    }
    distributions = {"classes": classes, **_namings(inspection)}
    written = {}
    for title, counts in distributions.items():
        if any(any(found.values()) for found in counts.values()):
            written[f"objects of each {_one(title)}"] = folder / f"{title}.png"
            plot_classes(counts, folder / f"{title}.png", f"objects of each {_one(title)}")
    if any(len(facts.objects.single) for facts in inspection.splits.values()):
        written["sizes of objects"] = folder / "object_sizes.png"
        plot_object_sizes(inspection, folder / "object_sizes.png")
    written["images"] = folder / "images.png"
    counts = {name: facts.counts for name, facts in inspection.splits.items()}
    plot_images(inspection.splits, counts, "objects", folder / "images.png")
    return written


def plot_classes(counts: Mapping[str, Mapping[str, int]], out: Path, title: str) -> None:
    """Bars of the objects of each class, the most frequent on top, the splits behind one another.

    Args:
        counts: split → class → number of objects.
        out: the file to write.
        title: above the plot.
    """
    total = Counter({name: 0 for found in counts.values() for name in found})
    for found in counts.values():
        total.update(found)
    ordered = [name for name, _ in total.most_common()]
    names = ordered[:MOST_BARS][::-1]
    plot = new_plot(7.4, 1.3 + 0.24 * len(names))
    axis = plot.subplots()
    left = np.zeros(len(names))
    for color, (split, found) in zip(COLORS, counts.items(), strict=False):
        values = np.array([found.get(name, 0) for name in names], float)
        label = f"{split} ({int(sum(found.values())):,})"
        axis.barh(shown_names(names), values, left=left, color=color, alpha=0.85, height=0.7, label=label)
        left += values
    for place, name in enumerate(names):
        axis.annotate(f"{total[name]:,}", (left[place], place), (4, 0), textcoords="offset points", va="center",
                      fontsize=7.5, color=FAINT)  # fmt: skip
    axis.set(ylim=(-0.6, len(names) - 0.4), xlim=(0, max(1.0, 1.08 * left.max())))
    tidy(axis)
    axis.grid(visible=False, axis="y")
    rest = f", the {MOST_BARS} most frequent of {len(ordered)}" if len(ordered) > MOST_BARS else ""
    axis.set_title(title + rest, loc="left", color=INK, fontweight="bold", fontsize=11)
    axis.legend(loc="lower right", **LEGEND)
    save_plot(plot, out)


def plot_object_sizes(inspection: Inspection[ObjectFacts], out: Path) -> None:
    """Histograms of the sides of objects, in pixels and as shares of the image, and of the boxes' aspect ratios."""
    every = inspection.splits
    shares = {name: np.sqrt(facts.shares) for name, facts in every.items()}
    plot = new_plot(8.6, 8.2)
    top, middle, bottom = plot.subplots(3, 1)
    _histogram(top, {name: facts.objects.single.sides for name, facts in every.items()}, "side of an object, pixels")
    for limit in (32, 96):
        top.axvline(limit, color=INK, linewidth=1, linestyle=(0, (4, 3)))
    top.set_title("root of the mask's area in the file; lines: COCO's small and medium objects", **title_style())
    _histogram(middle, shares, "side of an object / side of its image")
    middle.set_title("share of the image", **title_style())
    _histogram(bottom, {name: facts.aspect_ratios for name, facts in every.items()}, "height / width")
    bottom.set_title("aspect ratio of the tight boxes", **title_style())
    save_plot(plot, out)


def _histogram(axis: Axes, values: Mapping[str, np.ndarray], measure: str) -> None:
    """Shares of each split over a logarithmic axis: the first as bars, the others as lines."""
    every = np.concatenate(list(values.values()))
    low, high = float(every.min()), float(every.max())
    edges = np.geomspace(low / 1.05, high * 1.05, _BINS + 1)
    for number, (name, found) in enumerate(values.items()):
        if len(found):
            shares = np.histogram(found, edges)[0] * 100 / len(found)
            filled = not number
            alpha, width = (0.35, None) if filled else (None, 1.8)
            label_of_split = f"{name} ({len(found):,})"
            axis.stairs(
                shares, edges, fill=filled, alpha=alpha, linewidth=width, color=COLORS[number], label=label_of_split
            )
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if f"{value:.0e}"[0] in "25" else ""))
    axis.set_ylim(bottom=0)
    label(axis, measure, "% of the objects")
    tidy(axis)
    axis.tick_params(axis="x", which="minor", labelsize=7.5, labelcolor=FAINT, length=0)
    axis.legend(**LEGEND)


def _namings(inspection: Inspection[ObjectFacts]) -> dict[str, dict[str, Mapping[str, int]]]:
    """Title → split → class → number of objects."""
    titles = dict.fromkeys(title for found in inspection.namings.values() for title in found)
    return {
        title: {split: found[title] for split, found in inspection.namings.items() if title in found}
        for title in titles
    }


def _one(title: str) -> str:
    return {"classes": "class"}.get(title, title)
