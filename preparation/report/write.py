"""Writes the folder of an inspection: plots, sheets, numbers, page."""

import json
from collections.abc import Mapping
from pathlib import Path

from data_loader.instance_data import InstanceData
from inference.drawing import write_image
from preparation.inspection.inspection import Inspection
from preparation.inspection.statistics import statistics
from preparation.report.kinds import parts_of
from preparation.report.page import write_page
from preparation.report.sheets import sheet_of_augmentation, sheet_of_samples, shown_classes
from preparation.suggest import Suggestion
from utils.errors import UserError
from utils.files import check_place, write_json

_COLUMNS = 6
_MOST_ROWS = 40
_MOST_SAMPLES = 400


def report_folder(wanted: Path | None, root: Path, name: str, overwrite: bool) -> Path:
    """The folder to write to.

    Args:
        wanted: by the user; None for `prepare-NAME` in `root`, or `prepare-NAME-2` and so on where that is there.
        root: folder of all runs.
        name: of the data set.
        overwrite: whether files in it may be replaced, and plots of an earlier report removed.

    Raises:
        UserError: the wanted folder has files, and `overwrite` is not given; or nothing can be written there.
    """
    folder = _folder(wanted, root, name, overwrite)
    check_place(folder / "report.html")
    return folder


def _folder(wanted: Path | None, root: Path, name: str, overwrite: bool) -> Path:
    if wanted is not None:
        if wanted.exists() and not overwrite and not (wanted.is_dir() and not any(wanted.iterdir())):
            raise UserError(f"{wanted}: is there already: give another folder, or --overwrite to replace its files.")
        return wanted
    first = root / f"prepare-{name}"
    if overwrite:
        return first
    number, folder = 1, first
    while folder.exists():
        number += 1
        folder = first.with_name(f"{first.name}-{number}")
    return folder


def write_report(
    folder: Path,
    inspection: Inspection,
    data: InstanceData,
    suggestion: Suggestion | None,
    commands: Mapping[str, str],
) -> dict[str, Path]:
    """Writes everything; what → where.

    Args:
        folder: is made; where it is there, the plots that an earlier report wrote are removed, and nothing else.
        inspection: of the data set.
        data: the data set, with the section `data` whose augmentation is shown.
        suggestion: the config that fits the data; None where none was made.
        commands: what it does → what to type next.
    """
    _remove_plots(folder)
    parts = parts_of(inspection)
    plots = parts.plots(inspection, folder / "plots")
    classes = shown_classes(inspection, "train")
    per_class = max(_COLUMNS, min(24, _MOST_SAMPLES // max(1, len(classes))))
    samples = parts.samples(inspection, "train", per_class, classes)
    train = inspection.splits["train"]
    sheets = {
        "samples": sheet_of_samples(samples, classes[:_MOST_ROWS], _COLUMNS),
        "augmentation": sheet_of_augmentation(data, train, parts) if data.config.augment else None,
    }
    for name, sheet in sheets.items():
        if sheet is not None:
            write_image(folder / "plots" / _sheet(name), sheet)
    names = [path.name for path in plots.values()] + [_sheet(name) for name in sheets if sheets[name] is not None]
    write_json(folder / "inspection.json", statistics(inspection) | {"plots": names})
    write_page(folder / "report.html", inspection, plots, samples, sheets["augmentation"], suggestion, commands)
    return {"report": folder / "report.html", "plots": folder / "plots", "numbers": folder / "inspection.json"}


def _sheet(name: str) -> str:
    return f"{name}.jpg"


def _remove_plots(folder: Path) -> None:
    """Removes the plots that the numbers of an earlier report name: this one may have others."""
    try:
        listed = json.loads((folder / "inspection.json").read_bytes())["plots"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in listed if isinstance(listed, list) else ():
        if isinstance(name, str) and Path(name).name == name and (path := folder / "plots" / name).is_file():
            path.unlink()
