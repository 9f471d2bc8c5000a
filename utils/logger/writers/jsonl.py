"""`metrics.jsonl`: one line per call of `summarize` that has scalars, readable with any tool.

    {"step": 100, "scope": "train", "time": 1767225600.0, "scalars": {"loss": 0.5, "grad_norm": "NaN"}}

JSON has no word for numbers that are not finite: they are the strings "NaN", "Infinity" and "-Infinity", which `float`
reads in Python. `time` is in seconds since 1970. Images, histograms and texts are not repeated here.
"""

import json
import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from utils.logger.values import Entries
from utils.logger.writer import RunContext, Writer

_LOG = logging.getLogger("maskeras")


class JsonlWriter(Writer):
    """Appends to a file; each line is handed to the system at once, so a killed process loses none."""

    def __init__(self, context: RunContext, config: None = None) -> None:
        """Open the file and drop lines after `resume_step` and a half-written last one; all of a new run."""
        super().__init__(context, config)
        self._path = path = context.run_dir / "metrics.jsonl"
        last_step = -1 if context.resume_step is None else context.resume_step
        dropped = _keep(path, lambda line: line["step"] <= last_step) if path.exists() else 0
        if dropped and not context.resumed:
            _LOG.warning("%s: %d lines of an earlier run were dropped", path, dropped)
        self._file = _open(path)

    def write(self, step: int, scope: str, entries: Entries, wall_time: float) -> None:
        """Append one line, unless there are no scalars: a reader finds each step once in a scope."""
        if not entries.scalars:
            return
        scalars = {key: _as_json(value) for key, value in entries.scalars.items()}
        line = {"step": step, "scope": scope, "time": wall_time, "scalars": scalars}
        self._file.write(json.dumps(line, allow_nan=False, ensure_ascii=False) + "\n")
        self._file.flush()

    def roll_back(self, step: int, scope: str) -> None:
        """Drop the scope's lines of `step` and later ones."""
        self._file.close()
        _keep(self._path, lambda line: line["scope"] != scope or line["step"] < step)
        self._file = _open(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Read the lines of `metrics.jsonl` in their order, all scalars as floats.

    A half-written line, as a killed run leaves it at the end, is left out.
    """
    lines = [_parse(line) for line in path.read_bytes().splitlines(keepends=True)]
    whole = [line for line in lines if line is not None]
    return [{**line, "scalars": {key: float(value) for key, value in line["scalars"].items()}} for line in whole]


def _as_json(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _parse(line: bytes) -> dict[str, Any] | None:
    """The line's content, or None where it is no whole line of ours."""
    if not line.endswith(b"\n"):
        return None
    try:
        content = json.loads(line)
    except ValueError:
        return None
    return content if isinstance(content, dict) and {"step", "scope", "scalars"} <= content.keys() else None


def _open(path: Path) -> TextIO:
    return path.open("a", encoding="utf-8", newline="\n")


def _keep(path: Path, counts: Callable[[dict[str, Any]], bool]) -> int:
    """Rewrite the file with the whole lines that still count; returns how many lines went.

    The new content gets its name only when it is on the disk, so a crash in between leaves the old file.
    """
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if (content := _parse(line)) is not None and counts(content)]
    if len(kept) < len(lines):
        temporary = path.with_name(path.name + ".tmp")
        with temporary.open("wb") as file:
            file.writelines(kept)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    return len(lines) - len(kept)
