"""The fifth checklist of docs/EXTENDING.md: a task that the template does not know, with no file of it edited."""

import json
import sys

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from inference.predictor import Predictor
from mains import benchmark_main, train_main
from tests.unet.data import drawn
from utils.args import run_main

CONFIG = {
    "data": {"name": "tests.unet.data:ShapesData", "image_size": [48, 64], "batch_size": 4, "val_batch_size": 4},
    "model": {"name": "tests.unet.model:UNet"},
    "trainer": {
        "name": "supervised",
        "epochs": 60,
        "validate_every": 30,
        "log_every": 10,
        "logged_images": 2,
        "optimizer": {"name": "adam", "learning_rate": 0.01},
        "schedule": {"warmup_steps": 0},
    },
    "evaluator": {"name": "tests.unet.evaluator:MeanIoU"},
    "logger": {"comet": {"mode": "off"}},
}


@pytest.fixture
def start(tmp_path, monkeypatch, fresh_log, capsys):
    path = tmp_path / "unet.json"
    path.write_text(json.dumps({"exp": {"name": "unet", "root": str(tmp_path / "runs")}, **CONFIG}))

    def start_main(module, *words):
        monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", "-c", str(path), *words])
        with pytest.raises(SystemExit) as end:
            run_main(module.main)
        assert not end.value.code, capsys.readouterr()
        return capsys.readouterr().out

    return start_main


def test_a_unet_trains_validates_is_shown_resumed_restored_and_predicts(start, tmp_path):
    run = tmp_path / "runs/unet"
    start(train_main, "--set", "trainer.max_steps=60")
    said = start(train_main, "--resume")
    assert "resumed after step 60" in said
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["mIoU"] > 0.9
    assert metrics["mIoU"] == pytest.approx((metrics["IoU/disk"] + metrics["IoU/square"]) / 2)

    table = (run / "table.txt").read_text()
    assert "mIoU" in table and f"{metrics['mIoU']:.3f}" in table
    assert {path.name for path in (run / "plots").iterdir()} == {"history.png", "per_class.png", "predictions.jpg"}
    events = EventAccumulator(str(run / "summaries/val"))
    events.Reload()
    assert {"images/00", "images/01"} <= set(events.Tags()["images"])
    assert "mIoU" in events.Tags()["scalars"]

    sample = drawn(9)
    labels = Predictor.load(run).predict(sample["image"])
    assert labels.shape == (40, 56)
    assert (labels == sample["labels"]).mean() > 0.95


def test_a_unet_is_benchmarked(start):
    said = start(benchmark_main, "--rounds", "1")
    assert "training" in said and "inference" in said
    assert "box head" not in said


def test_a_monitor_of_another_task_is_an_error_before_the_first_step(start, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["x", "-c", str(tmp_path / "unet.json"), "--set", "trainer.checkpoint.monitor=mask/AP"]
    )
    with pytest.raises(SystemExit) as end:
        run_main(train_main.main)
    assert end.value.code == 2
    assert "which no validation gives" in capsys.readouterr().err
    assert not list((tmp_path / "runs/unet").glob("checkpoints/*"))


def test_labels_stay_out_of_predictions():
    from base.task import load_task  # noqa: PLC0415

    batch = {"images": np.zeros(1), "labels": np.zeros(1)}
    assert load_task("tests.unet.task:PixelTask").inputs(batch).keys() == {"images"}
