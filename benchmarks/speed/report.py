"""A benchmark's values in words and on disk."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from utils.files import write_json

_WIDTH = 100


def print_speed(values: Mapping[str, Any], console: Console | None = None) -> None:
    """Prints the values of `measure.measure` with `first_step`, what `first_step.first_step` found.

    All of it fits 100 columns; `first s` are the seconds of the first call, `yardstick s` those of an image.
    """
    # In a pipe Rich assumes 80 columns and would cut the headings.
    console = console or Console(width=None if sys.stdout.isatty() else _WIDTH)
    console.print(_whole(values))
    console.print(
        f"  p50 and p95 are of {values['rounds']} rounds; ratio: to the yardstick, {values['yardstick']}, in turns\n"
    )
    if values["parts"]:
        console.print(_parts(values["parts"]))
    first = values["first_step"]
    console.print(
        f"  from the start of the process to the end of the first training step: {first['seconds']:.1f} s\n"
        f"  most host memory of a training: {first['peak_mb']:.0f} MB"
    )
    if "detections" in values:
        console.print(
            f"  {values['detections']:.0f} detections in the image; {values['positives']:.1f} positives an image "
            "in training"
        )


def write_speed(values: Mapping[str, Any], folder: Path) -> Path:
    """Writes the values into a new file of the folder, named by the time, and returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"benchmark-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    write_json(path, values)
    return path


def _whole(values: Mapping[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("", no_wrap=True)
    for head in ("images/s", "s/image", "p50 ms", "p95 ms", "first s", "yardstick s", "ratio"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in ("training", "inference", "inference, batch"):
        model, yardstick = values[name]["model"], values[name]["yardstick"]
        table.add_row(
            name,
            f"{model['images_per_second']:.2f}",
            f"{model['seconds_per_image']:.3f}",
            f"{model['p50_ms']:.0f}",
            f"{model['p95_ms']:.0f}",
            f"{model['first_call_s']:.1f}",
            f"{yardstick['seconds_per_image']:.3f}",
            f"{values[name]['ratio']:.2f}",
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
