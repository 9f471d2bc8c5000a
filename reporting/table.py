"""The end of a run in words: the table of its figures, what was trained on what, and what to type next."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from rich.box import SIMPLE_HEAD, SQUARE
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from utils.files import write_json, write_whole
from utils.progress import duration

_WIDTH = 100
_MAX_CLASSES = 40
_LONG = 10
_HEADS = {"AP": "AP", "AP50": "AP50", "AP75": "AP75", "AP_small": "small", "AP_medium": "medium", "AP_large": "large"}


@dataclass(frozen=True)
class RunInfo:
    """What the table says beside the figures.

    Attributes:
        name: of the run.
        data: display name of the data set; one that begins with "synthetic" is marked as such, loudly.
        split: which split the figures are of, with its size: "val, 160 images".
        model: of the model.
        backbone: with where its weights came from: "mobilenet_v2 (from scratch)".
        seconds: the training took; None where nothing was trained.
        places: what → where it lies.
        commands: what it does → the command to type next.
    """

    name: str
    data: str
    split: str
    model: str
    backbone: str
    seconds: float | None = None
    places: Mapping[str, Path | str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)

    @property
    def synthetic(self) -> bool:
        """Whether the images were drawn by a program."""
        return self.data.startswith("synthetic")


def final_table(metrics: Mapping[str, float], info: RunInfo, width: int = _WIDTH) -> str:
    """The report as plain text without colors, for `table.txt`.

    Args:
        metrics: the figures of an evaluator, by name; NaN is shown as a dash.
        info: the rest.
        width: of the longest line but for paths and commands, which are never broken.
    """
    console = Console(file=io.StringIO(), width=width, color_system=None, force_terminal=False, legacy_windows=False)
    with console.capture() as captured:
        print_table(metrics, info, console)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()).strip("\n") + "\n"


def print_table(metrics: Mapping[str, float], info: RunInfo, console: Console | None = None) -> None:
    """The same report on the terminal, in color where it has any. Arguments as in `final_table`."""
    console = console or Console()
    console.print(_figures(metrics, info))
    # Not in a table: a path or command must stay whole, to be copied, however narrow the terminal is.
    for title, rows in (("Where everything lies", info.places), ("Next", info.commands)):
        if rows:
            console.print(Text(f"\n{title}", style="bold"))
            indent = max(map(len, rows)) + 2
            for what, where in rows.items():
                line = Text.assemble("  ", (what.ljust(indent), "dim"), (str(where), "cyan"))
                console.print(line, soft_wrap=True)
    console.print()


def write_metrics(result: Mapping[str, float], folder: Path) -> None:
    """Write `metrics.json` and `metrics.yaml`, NaN as null; the folder is made.

    Args:
        result: name → value.
        folder: where to.
    """
    plain = {name: float(value) if math.isfinite(value) else None for name, value in result.items()}
    write_json(folder / "metrics.json", plain)
    write_whole(folder / "metrics.yaml", yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))


def _figures(metrics: Mapping[str, float], info: RunInfo) -> Group:
    parts: list[RenderableType] = [Text()]
    if info.synthetic:
        parts.append(_warning(info))
    parts.append(_facts(info))
    kinds = [kind for kind in ("box", "mask") if f"{kind}/AP" in metrics]
    if kinds:
        parts.append(_precision_table(metrics, kinds))
    others = {name: value for name, value in metrics.items() if not name.startswith(("box/", "mask/"))}
    if others:
        parts.append(_plain_table(others))
    classes = _classes(metrics, kinds)
    if classes:
        parts.append(_class_table(metrics, kinds, classes))
    if len(classes) > _MAX_CLASSES:
        parts.append(Text(f"  and {len(classes) - _MAX_CLASSES} more classes in metrics.json", style="dim"))
    return Group(*parts)


def _warning(info: RunInfo) -> Panel:
    text = Text.assemble(
        ("SYNTHETIC DATA: ", "bold"),
        f'"{info.data}" are images drawn by a program. The figures below say that the code works; they say nothing '
        "about real images.",
    )
    return Panel(text, box=SQUARE, style="black on yellow", padding=(0, 1))


def _facts(info: RunInfo) -> Padding:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    table.add_row("run", Text(info.name, style="bold"))
    table.add_row("data", Text(f"{info.data} ({info.split})", style="bold yellow" if info.synthetic else "bold"))
    table.add_row("model", info.model)
    table.add_row("backbone", info.backbone)
    if info.seconds is not None:
        table.add_row("training", duration(info.seconds))
    return Padding(table, (1, 2, 0, 2))


def _precision_table(metrics: Mapping[str, float], kinds: list[str]) -> Table:
    recalls = [int(name.rpartition("_")[2]) for name in metrics if name.startswith("box/AR_") and name[-1].isdigit()]
    heads = _HEADS | ({f"AR_{max(recalls)}": f"AR {max(recalls)}"} if recalls else {})
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("")
    for key, head in heads.items():
        table.add_column(head, justify="right", style="bold" if key == "AP" else "")
    for kind in kinds:
        table.add_row(kind, *(_number(metrics.get(f"{kind}/{key}")) for key in heads))
    return table


def _plain_table(metrics: Mapping[str, float]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in metrics.items():
        table.add_row(Text(name), _number(value))
    return table


def _classes(metrics: Mapping[str, float], kinds: list[str]) -> list[str]:
    """Names of the classes in the order of the figures."""
    prefixes = [f"{kind}/AP/" for kind in kinds]
    found = (name.removeprefix(prefix) for prefix in prefixes for name in metrics if name.startswith(prefix))
    return list(dict.fromkeys(found))


def _class_table(metrics: Mapping[str, float], kinds: list[str], classes: list[str]) -> Table:
    """Class and AP of each kind, where they are many in two columns that read downwards."""
    shown = classes[:_MAX_CLASSES]
    columns = 1 if len(shown) <= _LONG else 2
    height = -(-len(shown) // columns)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1))
    for _ in range(columns):
        table.add_column("class", overflow="ellipsis", no_wrap=True, max_width=26)
        for kind in kinds:
            table.add_column(f"{kind} AP", justify="right", no_wrap=True, min_width=len("mask AP"))
    for row in range(height):
        cells: list[RenderableType] = []
        for name in shown[row::height]:
            cells += [Text(name), *(_number(metrics.get(f"{kind}/AP/{name}")) for kind in kinds)]
        table.add_row(*cells)
    return table


def _number(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3f}"
