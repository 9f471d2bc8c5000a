import json

import cv2
import matplotlib
import numpy as np
import pytest

from reporting.plots import plot_history, plot_per_class, smooth

CURVES = ("mask/AP", "box/AP")


def write(path, rows):
    lines = [{"step": step, "scope": scope, "time": 0.0, "scalars": scalars} for step, scope, scalars in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def history(path):
    rows = [(s, "train", {"loss/total": 5 / s, "loss/mask": "NaN", "learning_rate": 0.01}) for s in range(1, 50)]
    rows += [(s, "val", {"box/AP": s / 100, "mask/AP": s / 120, "mask/AP_small": "NaN"}) for s in (10, 20, 30)]
    return write(path, rows)


def test_smoothing_keeps_constants_and_lines_and_takes_noise_away():
    np.testing.assert_allclose(smooth(np.full(50, 3.0)), 3.0)
    line = np.arange(101.0)
    np.testing.assert_allclose(smooth(line)[20:81], line[20:81])
    noise = np.random.default_rng(0).normal(size=400)
    assert smooth(noise).std() < 0.4 * noise.std()
    np.testing.assert_allclose(smooth(np.array([2.5])), [2.5])


def test_the_history_shows_losses_scores_and_learning_rate_by_name(tmp_path):
    out = tmp_path / "plots" / "history.svg"
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot_history(history(tmp_path / "metrics.jsonl"), out, CURVES)
    text = out.read_text()
    for words in (
        "training loss",
        "validation",
        "learning rate",
        "total",
        "box AP (best 0.300)",
        "mask AP (best 0.250)",
    ):
        assert words in text
    assert "small" not in text


def test_an_image_that_is_not_blank_is_written(tmp_path):
    plot_history(history(tmp_path / "metrics.jsonl"), tmp_path / "history.png", CURVES)
    image = cv2.imread(str(tmp_path / "history.png"))
    assert min(image.shape[:2]) > 500
    assert (image < 100).any()


def test_a_run_that_was_not_validated_yet_has_no_such_panel(tmp_path):
    path = write(tmp_path / "metrics.jsonl", [(1, "train", {"loss/total": 1.0})])
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot_history(path, tmp_path / "history.svg", CURVES)
    text = (tmp_path / "history.svg").read_text()
    assert "training loss" in text
    assert "validation" not in text


def test_a_history_of_nothing_is_an_error_that_names_the_file(tmp_path):
    path = write(tmp_path / "metrics.jsonl", [(1, "train", {"images_per_second": 3.0})])
    with pytest.raises(ValueError, match=r"metrics\.jsonl holds none of loss/…, mask/AP, box/AP, learning_rate"):
        plot_history(path, tmp_path / "history.svg", CURVES)


def test_classes_are_sorted_and_those_without_ground_truth_left_out(tmp_path):
    masks = {"a_cat": 0.3, "dog": 0.7, "bird": float("nan")}
    result = {"mask AP": masks, "box AP": {"a_cat": 0.4, "dog": 0.6}}
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        plot_per_class(result, tmp_path / "classes.svg")
    text = (tmp_path / "classes.svg").read_text()
    assert "bird" not in text
    # The axis runs upwards: the lowest is written first.
    assert 0 < text.index(">a cat<") < text.index(">dog<")
    assert "mean mask AP 0.500" in text


def test_without_classes_nothing_is_written(tmp_path):
    plot_per_class({}, tmp_path / "classes.png")
    assert not list(tmp_path.iterdir())
