"""The main as a user starts it, in a process of its own, on tiny data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.preparation.tiny_data import Image, noise, plain, write
from utils.config import process_config

ROOT = Path(__file__).resolve().parents[2]
MAIN = str(ROOT / "mains/prepare_main.py")


def start(folder, *words):
    environment = {**os.environ, "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, MAIN, *map(str, words)],
        cwd=folder, capture_output=True, text=True, timeout=300, env=environment, check=False,
    )  # fmt: skip


@pytest.fixture
def clean(tmp_path):
    return write(tmp_path / "mine", train=plain(6), val=plain(3, start=50))


@pytest.fixture
def leaking(tmp_path):
    return write(tmp_path / "leaking", train=plain(6), val=[*plain(3, start=50), Image(noise(2))])


def test_from_a_folder_to_a_report_and_a_config_that_is_accepted(clean, tmp_path):
    done = start(tmp_path, clean, "--write", "configs/mine.json")
    assert done.returncode == 0, done.stderr + done.stdout
    report = tmp_path / "experiments/prepare-mine"
    assert {path.name for path in report.iterdir()} == {"report.html", "inspection.json", "plots"}
    names = {path.name for path in (report / "plots").iterdir()}
    assert names == {"classes.png", "object_sizes.png", "images.png", "samples.jpg", "augmentation.jpg"}
    numbers = json.loads((report / "inspection.json").read_text())
    assert numbers["splits"]["train"]["objects_of_class"] == {"cat": 2, "dog": 2, "cow": 2}
    config = process_config(tmp_path / "configs/mine.json")
    assert config.data.name == "coco" and config.exp.name == "mine"
    assert "python mains/train_main.py -c configs/mine.json" in done.stdout.splitlines()[-1]
    page = (report / "report.html").read_text()
    assert "data.image_size" in page and "Nothing is wrong with these data." in page


def test_nothing_is_overwritten_unless_asked(clean, tmp_path):
    (tmp_path / "mine.json").write_text("{}")
    refused = start(tmp_path, clean, "--write", "mine.json")
    assert refused.returncode == 2 and "--overwrite" in refused.stderr
    (tmp_path / "experiments/prepare-mine").mkdir(parents=True)
    done = start(tmp_path, clean, "--report", tmp_path)
    assert done.returncode == 2 and "is there already" in done.stderr
    assert (tmp_path / "mine.json").read_text() == "{}"
    assert start(tmp_path, clean).returncode == 0
    assert (tmp_path / "experiments/prepare-mine-2/report.html").is_file()
    done = start(tmp_path, clean, "--write", "mine.json", "--overwrite")
    assert done.returncode == 0 and (tmp_path / "experiments/prepare-mine/report.html").is_file()
    assert process_config(tmp_path / "mine.json").exp.name == "mine"


def test_leakage_ends_with_exit_code_3_unless_it_is_allowed(leaking, tmp_path):
    done = start(tmp_path, leaking)
    assert done.returncode == 3
    assert "error: 1 image of val" in done.stdout and "train: train003.png = val: val004.png" in done.stdout
    allowed = start(tmp_path, leaking, "--allow-leakage")
    assert allowed.returncode == 0 and "warning: 1 image of val" in allowed.stdout


def test_the_data_of_a_config_are_inspected(clean, tmp_path):
    splits = {name: {"annotations": [f"{name}.json"], "images": name} for name in ("train", "val")}
    data = {"name": "coco", "root": str(clean), **splits, "batch_size": 2}
    rest = {"exp": {"name": "a"}, "model": {"name": "mask_rcnn"}, "trainer": {"name": "supervised"}}
    (tmp_path / "a.json").write_text(json.dumps({**rest, "data": data, "evaluator": {"name": "coco"}}))
    done = start(tmp_path, "-c", "a.json")
    assert done.returncode == 0 and "train_main.py -c a.json" in done.stdout
    done = start(tmp_path, "-c", "a.json", "--set", "data.batch_size=7")
    assert done.returncode == 3 and "data.batch_size is 7" in done.stdout


def test_classes_and_splits_are_chosen(clean, tmp_path):
    words = ["--classes", "cow", "cat", "--val-fraction", "0.2", "--set", "data.val=null"]
    done = start(tmp_path, clean, *words, "--write", "few.json")
    assert done.returncode == 0, done.stderr
    data = process_config(tmp_path / "few.json").data
    assert (data.classes, data.val_fraction, data.val) == (("cow", "cat"), 0.2, None)
    numbers = json.loads((tmp_path / "experiments/prepare-mine/inspection.json").read_text())
    assert [numbers["splits"][name]["images"] for name in ("train", "val")] == [5, 1]


def test_a_data_set_is_converted(clean, tmp_path):
    done = start(tmp_path, clean, "--convert", "voc", "--out", "voc")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "voc/ImageSets/Segmentation/train.txt").is_file()
    assert "python mains/prepare_main.py voc" in done.stdout
    assert not (tmp_path / "experiments").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either DATA"),
        (["."], "has no format that is known"),
        (["absent"], "there is no such file or folder"),
        ([".", "-c", "a.json"], "give either DATA"),
        (["-c", "a.json", "--classes", "cat"], "--set data.classes"),
        ([".", "--convert", "voc"], "--out DIR"),
        ([".", "--write", "a.txt"], "ends in"),
        ([".", "--set", "trainer.epochs=3"], "data.key=value"),
        ([".", "--write", "/dev/null/a.json"], "is no folder"),
    ],
)
def test_wrong_words_are_one_message_with_exit_code_2(words, message, tmp_path):
    done = start(tmp_path, *words)
    assert done.returncode == 2 and message in done.stderr
    assert "Traceback" not in done.stderr and list(tmp_path.iterdir()) == []


def test_it_starts_without_keras(tmp_path):
    code = f"import runpy, sys; runpy.run_path({MAIN!r}, run_name='imported'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=True)
    assert not {"keras", "tensorflow", "jax", "torch"} & set(done.stdout.split())
