"""An inspection on the terminal: what is in the data, what is wrong with them, and what to type next."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from preparation.inspection.finding import Finding
from preparation.inspection.inspection import Inspection
from preparation.report.kinds import parts_of
from reporting.table import rendered

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
_EXAMPLES = 3
_MOST_CLASSES = 20


def print_inspection(inspection: Inspection, console: Console | None = None) -> None:
    """Tables of splits, classes and sizes, then the findings with a few examples."""
    console, parts = console or Console(), parts_of(inspection)
    console.print(Text(f"\n{inspection.name}", style="bold"))
    console.print(rendered(parts.splits_table(inspection)))
    console.print(rendered(parts.classes_table(inspection), _MOST_CLASSES))
    if len(inspection.classes) > _MOST_CLASSES:
        rest = len(inspection.classes) - _MOST_CLASSES
        console.print(Text(f"  and {rest} more classes in the report\n", style="dim"))
    console.print(rendered(parts.sizes_table(inspection)))
    for finding in inspection.findings:
        _print_finding(finding, console)
    if not inspection.findings:
        console.print(Text("Nothing is wrong with these data.", style="green"))


def print_next(places: Mapping[str, Path], commands: Mapping[str, str], console: Console | None = None) -> None:
    """Where things were written, and what to type next; paths and commands are never broken into lines."""
    console = console or Console()
    for title, rows in (("Files", places), ("Next", commands)):
        if rows:
            console.print(Text(f"\n{title}", style="bold"))
            indent = max(map(len, rows)) + 2
            for what, value in rows.items():
                console.print(Text.assemble("  ", (what.ljust(indent), "dim"), (str(value), "cyan")), soft_wrap=True)


def print_conversion(
    out: Path, lost: Sequence[str], overrides: Sequence[str] = (), console: Console | None = None
) -> None:
    """Where a data set was written, what its new format cannot hold, and how to inspect it with these overrides."""
    console = console or Console()
    for line in lost:
        console.print(Text.assemble(("lost: ", "yellow"), line))
    if not lost:
        console.print(Text("Nothing was lost.", style="green"))
    inspected = shlex.join(["python", "mains/prepare_main.py", str(out), *(["--set", *overrides] if overrides else [])])
    print_next({"data": out}, {"inspect it": inspected}, console)


def _print_finding(finding: Finding, console: Console) -> None:
    console.print(Text.assemble((f"{finding.severity}: ", _STYLES[finding.severity]), finding.message))
    for example in finding.examples[:_EXAMPLES]:
        console.print(Text(f"    {example.text}", style="dim"), soft_wrap=True)
    if finding.examples and finding.count > _EXAMPLES:
        console.print(Text("    …", style="dim"))
    console.print(Text(f"  → {finding.advice}"))
