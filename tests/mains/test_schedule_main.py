"""The main as it is typed: several configs, overrides, curves to compare, and what it refuses."""

import json
import sys

import cv2
import pytest

from mains import schedule_main
from tests.toy.toy_run import toy_config
from utils.errors import UserError


@pytest.fixture
def draw(tmp_path, monkeypatch, fresh_log):
    """Runs the main in a folder with the configs `a` and `b`, which differ in the curve."""
    monkeypatch.chdir(tmp_path)
    for name, curve in (("a", "poly"), ("b", "cosine")):
        schedule = {"name": curve, "warmup_steps": 2, "warmup_factor": 0.5}
        (tmp_path / f"{name}.json").write_text(json.dumps(toy_config(tmp_path / "runs", schedule=schedule)))

    def start(*words):
        monkeypatch.setattr(sys, "argv", ["schedule_main.py", *words])
        schedule_main.main()

    return start


def test_a_config_is_drawn_without_data(draw, tmp_path, capsys):
    words = ["--set", "data.images=0", "trainer.optimizer.learning_rate=0.4", "--steps-per-epoch", "20"]
    draw("-c", "a.json", "--out-path", "new/a.png", *words)
    middle = 0.4 * (1 - 28 / 58) ** 0.9
    assert capsys.readouterr().out == (
        "a: poly, 60 updates in 3 epochs\n"
        f"  first 0.2, after the warm-up of 2 updates 0.4, middle {middle:.3g}, last {0.4 * (1 / 58) ** 0.9:.3g}\n"
        "written to new/a.png\n"
    )
    image = cv2.imread(str(tmp_path / "new/a.png"))
    assert min(image.shape[:2]) > 400 and (image < 100).any()
    assert not (tmp_path / "runs").exists()


def test_without_a_number_the_batches_of_the_data_count(draw, capsys):
    draw("-c", "a.json", "--out-path", "a.svg")
    assert "a: poly, 18 updates in 3 epochs" in capsys.readouterr().out, "26 images are 6 batches of 4"


@pytest.mark.parametrize("source", ["oxford", "synthetic"])
def test_data_that_are_not_there_are_neither_downloaded_nor_generated(draw, tmp_path, source):
    config = toy_config(tmp_path / "runs") | {"data": {"name": "pets", "source": source, "batch_size": 4}}
    (tmp_path / "a.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=r"not on this machine yet\. .* give --steps-per-epoch N: .* = 4, rounded down"):
        draw("-c", "a.json", "--out-path", "a.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_data_that_cannot_be_read_are_an_error_that_says_what_to_give(draw):
    with pytest.raises(UserError, match=r"(?s)fewer than data\.batch_size.*give --steps-per-epoch N"):
        draw("-c", "a.json", "--out-path", "a.png", "--set", "data.images=0")


def test_several_configs_and_curves_are_drawn_together(draw, capsys):
    words = ["--steps-per-epoch", "20", "--out-path", "both.pdf"]
    draw("-c", "a.json", "b.json", "--compare", "step", "poly", "step", *words)
    curves = [line.split(",")[0] for line in capsys.readouterr().out.splitlines() if "updates in" in line]
    assert curves == ["a: step", "a: poly", "b: step", "b: poly"]


def test_configs_of_one_name_have_their_paths_in_the_legend():
    assert schedule_main.names(["x/a.json", "b.json"]) == {"a": "x/a.json", "b": "b.json"}
    assert schedule_main.names(["x/a.json", "a.json", "a.json"]) == {"x/a.json": "x/a.json", "a.json": "a.json"}


def test_a_file_is_replaced_only_if_asked(draw, tmp_path):
    (tmp_path / "a.png").write_text("mine")
    words = ["-c", "a.json", "--steps-per-epoch", "5", "--out-path", "a.png"]
    with pytest.raises(UserError, match=r"a\.png: there is such a file already: .* --overwrite"):
        draw(*words)
    assert (tmp_path / "a.png").read_text() == "mine"
    draw(*words, "--overwrite")
    assert cv2.imread(str(tmp_path / "a.png")) is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out-path", "a.gif"], r"a\.gif: a plot is written as \.png, \.svg, \.pdf"),
        (["--out-path", "."], r"a plot is written as"),
        (["--out-path", "a.png", "--steps-per-epoch", "0"], "received --steps-per-epoch 0"),
        (["--out-path", "a.json/b.png"], "is no folder"),
    ],
)
def test_wrong_words_are_errors_and_nothing_is_written(words, message, draw, tmp_path):
    with pytest.raises(UserError, match=message):
        draw("-c", "a.json", *words)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_curves_that_there_are_not_are_refused_with_the_choices(draw, capsys):
    with pytest.raises(SystemExit) as end:
        draw("-c", "a.json", "--out-path", "a.png", "--compare", "linear")
    assert end.value.code == 2 and "poly" in capsys.readouterr().err
