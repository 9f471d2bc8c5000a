"""A benchmark's figures in words and on disk."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from utils.files import write_json


def print_speed(figures: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints the figures of `measure.measure` with `first_step`, what `first_step.first_step` found.

    All of it fits 100 columns; `first s` are the seconds of the first call, `yardstick s` those of an image.
    """
    console = console or Console()
    console.print(_whole(figures))
    console.print(
        f"  p50 and p95 are of {figures['rounds']} rounds; ratio: to the yardstick, {figures['yardstick']}, in turns\n"
    )
    if figures["parts"]:
        console.print(_parts(figures["parts"]))
    first = figures["first_step"]
    console.print(
        f"  from the start of the process to the end of the first training step: {first['seconds']:.1f} s\n"
        f"  most host memory of a training: {first['peak_mb']:.0f} MB"
    )
    if "detections" in figures:
        console.print(
            f"  {figures['detections']:.0f} detections in the image; {figures['positives']:.1f} positives an image "
            "in training"
        )


def write_speed(figures: Mapping[str, Any], folder: Path) -> Path:
    """Writes the figures into a new file of the folder, named by the time, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"benchmark-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    write_json(path, figures)
    return path


def _whole(figures: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for head in ("images/s", "s/image", "p50 ms", "p95 ms", "first s", "yardstick s", "ratio"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in ("training", "inference", "inference, batch"):
        model, yardstick = figures[name]["model"], figures[name]["yardstick"]
        table.add_row(
            name,
            f"{model['images_per_second']:.2f}",
            f"{model['seconds_per_image']:.3f}",
            f"{model['p50_ms']:.0f}",
            f"{model['p95_ms']:.0f}",
            f"{model['first_call_s']:.1f}",
            f"{yardstick['seconds_per_image']:.3f}",
            f"{figures[name]['ratio']:.2f}",
        )
    return table


def _parts(parts: Mapping[str, float]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("inference of one image, part by part", no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    for name, milliseconds in parts.items():
        table.add_row(name, f"{milliseconds:.1f}")
    table.add_row("sum", f"{sum(parts.values()):.1f}")
    return table
