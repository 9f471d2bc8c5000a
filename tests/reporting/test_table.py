import io
import json
import math

import numpy as np
import pytest
import yaml
from rich.console import Console

from base.task import MetricTable
from reporting.table import RunInfo, final_table, number_text, print_table, write_metrics
from tasks.instance import InstanceTask
from tasks.semantic import SemanticTask

LONG = "python mains/pets_main.py -c configs/pets.json --set " + " ".join(f"trainer.key_{i}=1" for i in range(12))


def info(**changes):
    settings = {
        "name": "pets-1", "data": "Oxford-IIIT Pet", "split": "test, 160 images", "model": "mask_rcnn",
        "weights": "mobilenet_v2 (imagenet)", "seconds": 245.0, "places": {"run": "experiments/pets-1"},
        "commands": {"again": LONG},
    }  # fmt: skip
    return RunInfo(**settings | changes)


def metrics(classes=0):
    values = {
        "box/AP": 0.6541, "box/AP50": 0.9, "box/AP75": 0.7, "box/AP_small": math.nan, "box/AP_medium": 0.4,
        "box/AP_large": 0.71, "box/AR_1": 0.5, "box/AR_10": 0.61, "box/AR_100": 0.62,
    }  # fmt: skip
    values |= {name.replace("box", "mask"): value / 2 for name, value in values.items()}
    return values | {f"{kind}/AP/breed_{i}": i / 100 for kind in ("box", "mask") for i in range(classes)}


def tables(classes=0):
    """As a task arranges the metrics."""
    return InstanceTask().tables(metrics(classes))


def cells(text, first):
    line = next(line for line in text.splitlines() if line.split()[:1] == [first])
    return line.split()


def test_the_rows_hold_the_metrics_under_their_heads():
    text = final_table(tables(), info())
    assert cells(text, "AP") == ["AP", "AP50", "AP75", "small", "medium", "large", "AR", "100"]
    assert cells(text, "box") == ["box", "0.654", "0.900", "0.700", "–", "0.400", "0.710", "0.620"]
    assert cells(text, "mask") == ["mask", "0.327", "0.450", "0.350", "–", "0.200", "0.355", "0.310"]
    for words in ("pets-1", "Oxford-IIIT Pet (test, 160 images)", "mobilenet_v2 (imagenet)", "4 min 05 s"):
        assert words in text


def test_synthetic_data_cannot_be_missed_and_real_data_are_not_called_so():
    loud = final_table(tables(), info(data="synthetic-pets", synthetic=True))
    assert "SYNTHETIC DATA" in loud
    assert "synthetic-pets (test, 160 images)" in loud
    assert loud.index("SYNTHETIC DATA") < loud.index("0.654")
    assert "synthetic" not in final_table(tables(), info()).lower()
    assert "SYNTHETIC DATA" not in final_table(tables(), info(name="synthetic-of-mine", data="synthetic"))


@pytest.mark.parametrize("width", [40, 60, 100])
def test_paths_and_commands_stay_whole_in_a_narrow_terminal(width):
    assert LONG in final_table(tables(), info(), width=width)


def test_in_a_terminal_of_80_columns_titles_are_broken_and_numbers_are_not():
    values = {"mIoU": 0.9371, "boundary_mIoU": 0.7112, "mean_Dice": 0.9512, "mean_accuracy": 0.9423}
    values |= {"pixel_accuracy": 0.9634, "frequency_weighted_IoU": 0.9245}
    text = final_table(SemanticTask().tables(values), info(commands={}), width=80)
    assert cells(text, "all") == ["all", "classes", "0.937", "0.711", "0.951", "0.942", "0.963", "0.924"]
    assert "…" not in text and max(map(len, text.splitlines())) <= 80
    assert all(title in text.split() for title in ("boundary", "weighted", "accuracy"))


def test_every_class_is_shown_with_its_metrics_and_a_rest_is_counted():
    text = final_table(tables(classes=37), info())
    for index in range(37):
        at = text.split().index(f"breed_{index}")
        assert text.split()[at + 1 : at + 3] == [f"{index / 100:.3f}"] * 2
    assert max(map(len, final_table(tables(classes=37), info(commands={})).splitlines())) <= 100
    long = final_table(tables(classes=48), info())
    assert "and 3 more in metrics.json" in long
    assert "breed_44" in long
    assert "breed_45" not in long


def test_names_with_brackets_are_shown_as_they_are():
    text = final_table([MetricTable(("class", "AP"), (("[bold]cat[/bold]", 0.5),))], info(name="[red]x"))
    assert "[bold]cat[/bold]" in text
    assert "[red]x" in text


def test_metrics_of_no_table_are_listed():
    assert cells(final_table(InstanceTask().tables({"mIoU": 0.755}), info()), "mIoU") == ["mIoU", "0.755"]


def test_the_terminal_gets_colors_and_the_file_none():
    console = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=100)
    print_table(tables(), info(data="synthetic-pets", synthetic=True), console)
    assert "\x1b[" in console.file.getvalue()
    assert "\x1b" not in final_table(tables(), info(data="synthetic-pets", synthetic=True))


def test_metrics_are_written_as_json_and_yaml_with_null_for_nan(tmp_path):
    result = {"box/AP": np.float32(0.5), "box/AP_small": math.nan, "box/AP/Türkisch Van": 0.25}
    write_metrics(result, tmp_path / "new")
    expected = {"box/AP": 0.5, "box/AP_small": None, "box/AP/Türkisch Van": 0.25}
    assert json.loads((tmp_path / "new" / "metrics.json").read_text(encoding="utf-8")) == expected
    assert yaml.safe_load((tmp_path / "new" / "metrics.yaml").read_text(encoding="utf-8")) == expected


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1234, "1,234"), (np.int64(7), "7"), (0.51237, "0.512"), (3.0, "3.000"), (None, "–"), (float("inf"), "–")],
)
def test_whole_numbers_have_no_decimals(value, shown):
    assert number_text(value) == shown
