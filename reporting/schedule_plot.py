"""The learning rate of runs that are not trained yet: a plot, and a few values in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from reporting.plot_style import COLORS, FAINT, INK, new_plot, tidy


@dataclass(frozen=True)
class PlannedRates:
    """The learning rate of each update of a run.

    Attributes:
        name: of the curve.
        rates: (N,) of the updates 0 to N − 1.
        updates_per_epoch: updates in an epoch.
        warmup_steps: updates of the warm-up; the one after them is the first with the whole rate.
    """

    name: str
    rates: np.ndarray
    updates_per_epoch: float
    warmup_steps: int

    def __str__(self) -> str:
        """Updates and epochs; the rates of the first update, the first after a warm-up, the middle and the last."""
        count = len(self.rates)
        chosen = {"first": 0, f"after the warm-up of {self.warmup_steps} updates": self.warmup_steps}
        if not self.warmup_steps:
            chosen = {"first": 0}
        chosen |= {"middle": count // 2, "last": count - 1}
        values = ", ".join(f"{words} {self.rates[update]:.3g}" for words, update in chosen.items())
        return f"{self.name}, {count:,} updates in {count / self.updates_per_epoch:.3g} epochs\n  {values}"


def schedule_plot(curves: Sequence[PlannedRates]) -> Figure:
    """The learning rates over the updates, one curve each; epochs are at the top where all runs agree on them."""
    figure = new_plot(8.6, 4.2)
    axis = figure.subplots()
    for number, curve in enumerate(curves):
        marker = "o" if len(curve.rates) == 1 else None
        axis.plot(curve.rates, color=COLORS[number % len(COLORS)], linewidth=1.8, marker=marker, label=curve.name)
    axis.set_ylim(bottom=0)
    axis.set_ylabel("learning rate", color=FAINT)
    axis.set_xlabel("update", color=FAINT)
    tidy(axis)
    lengths = {curve.updates_per_epoch for curve in curves}
    if len(lengths) == 1:
        length = lengths.pop()
        epochs = (lambda update: np.divide(update, length), lambda epoch: np.multiply(epoch, length))
        top = axis.secondary_xaxis("top", functions=epochs)
        top.set_xlabel("epoch", color=FAINT)
        top.tick_params(colors=FAINT, labelsize=8.5, length=0)
        top.spines["top"].set_visible(False)
    axis.legend(frameon=False, fontsize=8.5, labelcolor=INK)
    return figure
