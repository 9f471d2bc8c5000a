"""The table of backbones holds them all, and its command counts right and times."""

import re
import sys
from pathlib import Path

import pytest

from benchmarks import backbones
from models.backbones.config import BackboneConfig
from models.backbones.table import BACKBONES
from utils.errors import UserError
from utils.registry import load_object

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "BACKBONES.md"


def rows_of(text):
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in lines}


def test_every_backbone_is_in_the_document():
    rows = rows_of(DOCUMENT.read_text(encoding="utf-8"))
    assert list(rows) == list(BACKBONES), "run: python -m benchmarks.backbones --write docs/BACKBONES.md"
    for name, cells in rows.items():
        published = load_object(BACKBONES[name])(BackboneConfig(name=name)).pretrained is not None
        assert (cells[-1] == "yes") == published
        assert float(cells[1]) > 0.5 and float(cells[2]) > 0.1


def run(monkeypatch, *words):
    monkeypatch.setattr(backbones, "YARDSTICK", "mobilenet_v3_small")
    monkeypatch.setattr(sys, "argv", ["backbones", *words])
    backbones.main()


def test_it_counts_and_times(monkeypatch, tmp_path):
    path = tmp_path / "table.md"
    words = ("--only", "mobilenet_v2", "mobilenet_v3_small", "--size", "64", "--rounds", "2", "--write", str(path))
    run(monkeypatch, *words)
    rows = rows_of(path.read_text(encoding="utf-8"))
    channels, parameters, multiply_adds, *times, _ = rows["mobilenet_v2"]
    assert (channels, parameters) == ("24, 32, 96, 1280", "2.3")
    # 0.300 G at 224 pixels (Sandler et al. 2018, table 4), less the classifier of 1280 × 1000.
    assert float(multiply_adds) == pytest.approx((0.300 - 0.00128) * (512 / 224) ** 2, rel=0.02)
    assert all(float(cell) > 0 for cell in times) and len(times) == 4
    assert all(0.2 < float(rows["mobilenet_v3_small"][place]) < 5 for place in (4, 6))
    text = " ".join(path.read_text(encoding="utf-8").split())
    assert "64×64" in text and "the yardstick, `mobilenet_v3_small`" in text and "medians of 2 rounds" in text


def test_without_rounds_it_counts_only(monkeypatch, capsys):
    run(monkeypatch, "--only", "mobilenet_v3_small", "--size", "64", "--rounds", "0")
    text = capsys.readouterr().out
    assert rows_of(text)["mobilenet_v3_small"][3:] == ["–", "–", "–", "–", "yes"]
    assert backbones.NO_TIMES in text


@pytest.mark.parametrize("words", [("--only", "resnet51"), ("--size", "100"), ("--rounds", "-1")])
def test_what_cannot_be_measured_is_an_error(monkeypatch, words):
    with pytest.raises(UserError, match=f"{words[1]}.*names out of mobilenet_v2"):
        run(monkeypatch, *words)
