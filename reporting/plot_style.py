"""How the plots of this project look: colors, size, axes. Made without a display and without global state."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from utils.errors import UserError

COLORS = ("#1877ff", "#ff5240", "#28be54", "#f2a100", "#aa4adc", "#00aea8", "#e85aa0", "#9e7e56")
INK, FAINT, GRID = "#1c2026", "#6b7280", "#e5e7eb"
_FORMATS = (".png", ".svg", ".pdf")


def new_plot(width: float, height: float) -> Figure:
    """An empty plot of this size in inches, on white."""
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def tidy(axis: Axes) -> None:
    """Light axes and a grid behind the curves."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GRID)
    axis.tick_params(colors=FAINT, labelsize=8.5, length=0)
    axis.grid(color=GRID, linewidth=0.8)
    axis.set_axisbelow(True)


def check_plot_name(path: Path) -> None:
    """Whether the name of a file chooses a format of plots.

    Raises:
        UserError: it does not.
    """
    if path.suffix.lower() not in _FORMATS:
        raise UserError(f"{path}: a plot is written as {', '.join(_FORMATS)}: give a name that ends in one of these.")


def save_plot(figure: Figure, out: Path) -> None:
    """Writes the plot; the ending chooses the format (.png, .svg, .pdf). Its folder is made."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _without_formulas(figure)
    figure.savefig(out)


def plot_image(figure: Figure) -> np.ndarray:
    """The plot as (h, w, 3) uint8 RGB."""
    _without_formulas(figure)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _without_formulas(figure: Figure) -> None:
    """The name of a class may have dollar signs, which are no formula."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
