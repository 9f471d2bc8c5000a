"""Figures on a terminal and on disk."""

import io
import json
import re

from rich.console import Console

from benchmarks.speed.report import print_speed, write_speed
from tests.benchmarks.speed.tiny import figures


def printed(found):
    text = io.StringIO()
    print_speed(found, Console(file=text, width=100))
    return [line.rstrip() for line in text.getvalue().splitlines()]


def test_in_100_columns_each_row_is_one_line_with_its_numbers():
    lines = printed(figures())
    assert max(map(len, lines)) <= 100 and "…" not in "".join(lines)
    rows = {" ".join(words): numbers for words, numbers in map(split, lines)}
    whole = ["0.04", "25.500", "25500", "31875", "123.5", "2.500", "10.20"]
    assert [rows[name] for name in ("training", "inference", "inference, batch")] == [whole] * 3
    assert rows["RoIAlign, boxes"] == ["65.5"] and rows["pasting"] == ["0.2"] and rows["sum"] == ["1300.2"]


def split(line):
    """The words that a line begins with, and the numbers it ends with."""
    words = line.split()
    numbers = [word for word in words if re.fullmatch(r"[\d.]+", word)]
    return words[: len(words) - len(numbers)], numbers


def test_what_the_figures_are_of_is_said():
    text = " ".join(" ".join(printed(figures())).split())
    assert "p50 and p95 are of 7 rounds" in text and "bare keras.applications.ResNet50" in text
    assert "first training step: 18.2 s" in text and "most host memory of a training: 2346 MB" in text
    assert "100 detections in the image; 12.5 positives an image" in text


def test_a_model_that_is_no_mask_rcnn_has_no_parts():
    found = {key: value for key, value in figures().items() if key not in ("detections", "positives")}
    text = "\n".join(printed({**found, "parts": {}}))
    assert "part by part" not in text and "detections" not in text and "training" in text


def test_the_file_holds_the_figures_and_is_named_by_the_time(tmp_path):
    path = write_speed(figures(), tmp_path / "new" / "folder")
    assert re.fullmatch(r"benchmark-\d{8}-\d{6}\.json", path.name) and path.parent == tmp_path / "new" / "folder"
    assert json.loads(path.read_text(encoding="utf-8")) == figures()


def test_headings_are_whole_in_a_pipe(capsys):
    print_speed(figures())
    out = capsys.readouterr().out
    assert "yardstick s" in out and "images/s" in out and "…" not in out
