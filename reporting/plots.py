"""Plots of a run as files: its history and a metric of its classes. Made without a display and without global state."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from reporting.plot_style import COLORS, FAINT, INK, new_plot, save_plot, tidy
from utils.logger.writers.jsonl import read_metrics

Series = tuple[np.ndarray, np.ndarray]
"""Steps and values, both (N,)."""

_SMOOTHING = 0.05
"""Width of the smoothing as a share of the run's length."""


def plot_history(metrics_jsonl: Path, out: Path, curves: Sequence[str]) -> None:
    """The losses (smoothed over the raw ones), the validation's metrics and the learning rate over the steps.

    Args:
        metrics_jsonl: as the logger writes it; losses are the values `loss/…`, of the scope `train`.
        out: the file to write; its ending chooses the format (.png, .svg, .pdf). Its folder is made.
        curves: the validation metrics to show.

    Raises:
        ValueError: for a file without any loss, such metric or learning rate.
    """
    rows = read_metrics(metrics_jsonl)
    losses = _series(rows, "train", lambda name: name.startswith("loss/"))
    scores = _series(rows, "val", lambda name: name in curves)
    rates = _series(rows, "train", lambda name: name == "learning_rate")
    painters = [(_paint_losses, losses, 3.2), (_paint_scores, scores, 2.6), (_paint_rates, rates, 1.4)]
    panels = [(paint, series, height) for paint, series, height in painters if series]
    if not panels:
        wanted = ", ".join(("loss/…", *curves, "learning_rate"))
        raise ValueError(f"{metrics_jsonl} holds none of {wanted}: there is nothing to plot")
    heights = [height for _, _, height in panels]
    figure = new_plot(8.6, sum(heights) + 0.9)
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axis, (paint, series, _) in zip(axes, panels, strict=True):
        paint(axis, series)
        tidy(axis)
    axes[-1].set_xlabel("step", color=FAINT)
    save_plot(figure, out)


def plot_per_class(metrics: Mapping[str, Mapping[str, float]], out: Path) -> None:
    """Bars of a metric for every class, the best on top; a second metric as marks.

    Classes without ground truth (NaN) are left out; without any class nothing is written.

    Args:
        metrics: label → class → value; the first label is shown as bars.
        out: the file to write; its ending chooses the format. Its folder is made.
    """
    found = {label: _finite(values) for label, values in metrics.items()}
    (label, main), *others = [item for item in found.items() if item[1]] or [("", {})]
    if not main:
        return
    names = sorted(main, key=lambda name: main[name])
    figure = new_plot(7.4, 1.3 + 0.27 * len(names))
    axis = figure.subplots()
    axis.barh(names, [main[name] for name in names], color=COLORS[0], alpha=0.85, height=0.66, label=label)
    for second, values in others[:1]:
        marks = [values.get(name, math.nan) for name in names]
        axis.scatter(marks, names, color=COLORS[1], marker="|", s=90, linewidths=2.2, zorder=3, label=second)
    mean = float(np.mean(list(main.values())))
    axis.axvline(mean, color=INK, linewidth=1, linestyle=(0, (4, 3)), label=f"mean {label} {mean:.3f}", zorder=2)
    axis.set(xlim=(0, 1), ylim=(-0.6, len(names) - 0.4))
    tidy(axis)
    axis.grid(visible=False, axis="y")
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False, labelcolor=INK)
    save_plot(figure, out)


def smooth(values: np.ndarray, share: float = _SMOOTHING) -> np.ndarray:
    """(N,) → (N,): a Gaussian mean over about `share` of the length; the ends use the values there are."""
    sigma = max(share * len(values) / 2, 1e-3)
    index = np.arange(len(values))
    radius = max(1, math.ceil(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    ends = index[:, None] + np.arange(-radius, radius + 1)[None]
    weights = np.where((ends >= 0) & (ends < len(values)), kernel, 0)
    return (weights * values[np.clip(ends, 0, len(values) - 1)]).sum(1) / weights.sum(1)


def _series(rows: list[dict], scope: str, wanted: Callable[[str], bool]) -> dict[str, Series]:
    """Name → its finite values over the steps."""
    points: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if row["scope"] != scope:
            continue
        for name, value in row["scalars"].items():
            if wanted(name) and math.isfinite(value):
                points.setdefault(name, []).append((row["step"], value))
    return {name: (np.array([s for s, _ in pairs]), np.array([v for _, v in pairs])) for name, pairs in points.items()}


def _finite(values: Mapping[str, float]) -> dict[str, float]:
    return {
        name.replace("_", " "): value for name, value in values.items() if value is not None and math.isfinite(value)
    }


def _paint_losses(axis: Axes, losses: dict[str, Series]) -> None:
    # The total comes first and in ink: it is the sum of the others.
    for index, name in enumerate(sorted(losses, key=lambda name: (name != "loss/total", name))):
        steps, values = losses[name]
        total = name == "loss/total"
        color = INK if total else COLORS[(index - ("loss/total" in losses)) % len(COLORS)]
        axis.plot(steps, values, color=color, alpha=0.18, linewidth=0.8)
        axis.plot(steps, smooth(values), color=color, linewidth=2.2 if total else 1.5, label=name.removeprefix("loss/"))
    axis.set_ylim(bottom=0, top=_ceiling([values for _, values in losses.values()]))
    axis.set_title("training loss", loc="left", color=INK, fontweight="bold", fontsize=11)
    axis.legend(frameon=False, ncols=2, fontsize=8.5, labelcolor=INK)


def _ceiling(series: list[np.ndarray]) -> float:
    """A few peaks of the first steps must not press all curves to the bottom."""
    return 1.15 * max([1e-9, *(float(np.percentile(values, 98)) for values in series)])


def _paint_scores(axis: Axes, scores: dict[str, Series]) -> None:
    for number, (name, (steps, values)) in enumerate(sorted(scores.items())):
        loose = name.endswith("50")
        style = {"linestyle": "--", "linewidth": 1.2} if loose else {"marker": "o", "linewidth": 2.0}
        label = f"{name.replace('/', ' ')} (best {float(np.max(values)):.3f})"
        axis.plot(steps, values, color=COLORS[number % len(COLORS)], markersize=3.5, label=label, **style)
    axis.set_ylim(0, max(1.0, *(float(np.max(values)) for _, values in scores.values())))
    axis.set_title("validation", loc="left", color=INK, fontweight="bold", fontsize=11)
    axis.legend(frameon=False, ncols=2, fontsize=8.5, loc="lower right", labelcolor=INK)


def _paint_rates(axis: Axes, rates: dict[str, Series]) -> None:
    axis.plot(*rates["learning_rate"], color=COLORS[4], linewidth=1.8)
    axis.set_ylim(bottom=0)
    axis.set_title("learning rate", loc="left", color=INK, fontweight="bold", fontsize=11)
