"""The plots are written for few classes, for many, and for nothing; how they look is for people."""

import cv2
import numpy as np
import pytest

from reporting.analysis_plots import (
    plot_confusion,
    plot_costs,
    plot_f1,
    plot_intervals,
    plot_precision_recall,
    plot_reliability,
)

AXIS = np.linspace(0, 1, 101)


def inked(path):
    """The share of pixels that are not white."""
    return float((cv2.imread(str(path)) < 250).any(-1).mean())


@pytest.mark.parametrize("classes", [2, 40])
def test_curves_of_few_and_many_classes(tmp_path, classes):
    curves = {f"class {number}": 1 - AXIS ** (1 + number) for number in range(classes)}
    plot_precision_recall({"0.50": AXIS, "0.75": AXIS / 2}, curves, AXIS, tmp_path / "pr.png")
    plot_f1(AXIS, curves, AXIS, 0.4, tmp_path / "f1.png")
    plot_confusion(np.eye(classes, dtype=int) * 3, list(curves), "confusion", tmp_path / "confusion.png")
    assert all(inked(tmp_path / name) > 0.01 for name in ("pr.png", "f1.png", "confusion.png"))


def test_without_any_class_or_detection(tmp_path):
    nothing = np.full(10, np.nan)
    plot_precision_recall({}, {}, AXIS, tmp_path / "pr.png")
    plot_f1(AXIS, {}, np.full(101, np.nan), float("nan"), tmp_path / "f1.png")
    plot_reliability(np.linspace(0, 1, 11), np.zeros(10), nothing, nothing, float("nan"), tmp_path / "bins.png")
    plot_costs({"mask": {"class": 0.0, "missed": 0.0}}, tmp_path / "costs.png")
    plot_intervals({"cat": (float("nan"),) * 3}, "mask AP", tmp_path / "none.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bins.png", "costs.png", "f1.png", "pr.png"]


def test_bars_with_intervals_are_ordered_by_value(tmp_path):
    values = {"cat": (0.5, 0.4, 0.6), "dog": (0.9, 0.7, 1.0), "bird": (float("nan"),) * 3, "cow": (0.2, 0.2, 0.2)}
    plot_intervals(values, "mask AP", tmp_path / "bars.png")
    plot_costs({"mask": {"class": 0.2, "missed": 0.1}, "box": {"class": 0.1, "missed": 0.3}}, tmp_path / "costs.png")
    image = cv2.imread(str(tmp_path / "bars.png"))
    blue = (image[..., 0] > 200) & (image[..., 2] < 100)
    lengths = blue.sum(1)
    lengths = lengths[lengths > 100]  # not the legend's
    assert lengths[0] > lengths[len(lengths) // 2] > lengths[-1]


def test_names_with_dollar_signs_are_no_formulas(tmp_path):
    names = [r"$\foo$", "a_$1", "_b$2"]
    plot_confusion(np.eye(3, dtype=int), names, "confusion", tmp_path / "confusion.png")
    plot_intervals(dict.fromkeys(names, (0.5, 0.4, 0.6)), "AP", tmp_path / "intervals.png")
    plot_f1(AXIS, dict.fromkeys(names, AXIS), AXIS, 0.4, tmp_path / "f1.png")
    assert all(inked(tmp_path / name) > 0.01 for name in ("confusion.png", "intervals.png", "f1.png"))
