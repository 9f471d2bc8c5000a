"""The main on labels as a user starts it, and the training of the config that it writes."""

import json
import os
import subprocess
import sys

import pytest

from tests.mains.test_prepare_main import ROOT, start
from tests.preparation.tiny_labels import labels, plain, write
from utils.config import process_config

LABELS = ("--set", "data.task=semantic")


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "mine", train=plain(12), val=plain(3, start=50))


def test_from_a_folder_of_labels_to_a_report_and_a_config(folder, tmp_path):
    done = start(tmp_path, folder, *LABELS, "--write", "mine.json")
    assert done.returncode == 0, done.stderr + done.stdout
    report = tmp_path / "experiments/prepare-mine"
    names = {path.name for path in (report / "plots").iterdir()}
    assert names == {"classes.png", "images.png", "samples.jpg", "augmentation.jpg"}
    numbers = json.loads((report / "inspection.json").read_text())
    assert numbers["splits"]["train"]["pixels_of_label"]["class 1"] == 12 * 768
    page = (report / "report.html").read_text()
    assert "Nothing is wrong with these data." in page and "model.losses" in page and "% of train" in page
    config = process_config(tmp_path / "mine.json")
    assert (config.data.task, config.data.names, config.model.name) == (
        "semantic",
        ("class 1", "class 2"),
        "deeplab_v3_plus",
    )
    again = start(tmp_path, "-c", "mine.json", "--report", "again")
    assert again.returncode == 0 and (tmp_path / "again/report.html").is_file()


def test_labels_that_cannot_be_used_end_with_exit_code_3(tmp_path):
    root = write(tmp_path / "broken", train=[*plain(6), (90, labels(size=(48, 60)))], val=plain(3, start=50))
    done = start(tmp_path, root, *LABELS)
    assert done.returncode == 3
    assert "1 of 10 images are broken and left out (1 × mask of another size)" in " ".join(done.stdout.split())
    assert "train007.png" in done.stdout


@pytest.mark.slow
def test_the_config_that_is_written_trains(folder, tmp_path):
    sizes = ["data.image_size=[64,64]", "data.batch_size=2"]
    done = start(tmp_path, folder, *LABELS, *sizes, "--write", "mine.json")
    assert done.returncode == 0, done.stderr
    rest = ["trainer.max_steps=2", "model.backbone.weights=null", "trainer.log_every=1"]
    trained = subprocess.run(
        [sys.executable, str(ROOT / "mains/train_main.py"), "-c", "mine.json", "--set", *rest],
        cwd=tmp_path, capture_output=True, text=True, timeout=900, env={**os.environ, "COMET_API_KEY": ""}, check=False,
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr + trained.stdout
    rows = [json.loads(line) for line in (tmp_path / "experiments/mine/metrics.jsonl").read_text().splitlines()]
    assert any("mIoU" in key for row in rows for key in row) or "mIoU" in trained.stdout
