"""A semantic segmentation from the config to a prediction: trained, validated, shown, resumed, restored."""

import json
import sys

import cv2
import numpy as np
import PIL.Image
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from evaluation.mean_iou import MeanIoUEvaluator
from inference.label_map import LabelMap
from inference.predictor import Predictor
from inference.tiling import Tiling
from inference.tta import Tta
from mains import benchmark_main, evaluate_main, predict_main, train_main
from tests.semantic.parts import LabeledShapes
from tests.unet import test_unet
from tests.unet.data import drawn
from utils.args import run_main
from utils.config import process_config

CONFIG = {
    **test_unet.CONFIG,
    "data": {**test_unet.CONFIG["data"], "name": "tests.semantic.parts:LabeledShapes"},
    "model": {"name": "tests.semantic.parts:SoftUNet"},
    "evaluator": {"name": "mean_iou"},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("semantic")
    (folder / "run.json").write_text(json.dumps({"exp": {"name": "run", "root": str(folder / "runs")}, **CONFIG}))
    return folder


@pytest.fixture
def start(folder, monkeypatch, fresh_log, capsys):
    def start_main(module, *words):
        monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *words])
        with pytest.raises(SystemExit) as end:
            run_main(module.main)
        assert not end.value.code, capsys.readouterr()
        return capsys.readouterr().out

    return start_main


@pytest.fixture
def run(folder, start):
    """The folder of the trained run, interrupted once."""
    if not (folder / "runs/run/metrics.json").is_file():
        start(train_main, "-c", str(folder / "run.json"), "--set", "trainer.max_steps=60")
        assert "resumed after step 60" in start(train_main, "-c", str(folder / "run.json"), "--resume")
    return folder / "runs/run"


def test_it_learns_and_shows_what_it_learned(run):
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["mIoU"] > 0.9
    of_classes = [metrics[f"IoU/{name}"] for name in ("background", "disk", "square")]
    assert metrics["mIoU"] == pytest.approx(np.mean(of_classes), rel=1e-12)
    table = (run / "table.txt").read_text()
    assert "boundary mIoU" in table and f"{metrics['mIoU']:.3f}" in table and "square" in table
    assert {path.name for path in (run / "plots").iterdir()} == {"history.png", "per_class.png", "predictions.jpg"}
    events = EventAccumulator(str(run / "summaries/val"))
    events.Reload()
    assert {"images/00", "images/01", "charts/confusion"} <= set(events.Tags()["images"])
    assert "mIoU" in events.Tags()["scalars"]
    losses = [json.loads(line)["scalars"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any({"loss/cross_entropy", "loss/dice"} <= row.keys() for row in losses)


def test_a_prediction_is_a_label_map_in_the_size_of_the_file(run):
    sample = drawn(9)
    found = Predictor.load(run).predict(sample["image"])
    assert isinstance(found, LabelMap) and found.names == ("disk", "square")
    assert (found.labels == sample["labels"]).mean() > 0.97


def test_views_and_tiles_find_the_same_regions(run):
    sample = drawn(9)
    image = np.tile(sample["image"], (2, 3, 1))
    wanted = np.tile(sample["labels"], (2, 3))
    for options in ({"tile": Tiling(whole=False)}, {"tile": Tiling(), "tta": Tta(scales=(0.75,))}):
        found = Predictor.load(run, **options).predict(image)
        assert found.size == (80, 168)
        # Tiles are not enlarged as the training images were, which have 40×56 pixels in an input of 48×64.
        assert (found.labels == wanted).mean() > 0.9
    turned = Predictor.load(run, tta=Tta(flip_y=True)).predict(sample["image"])
    assert (turned.labels == sample["labels"]).mean() > 0.97


def test_it_is_evaluated_and_compared(run, start, tmp_path):
    start(evaluate_main, str(run), "--bootstrap", "20", "--images", "2")
    folder = run / "evaluation/test"
    found, trained = (json.loads((at / "metrics.json").read_text()) for at in (folder, run))
    assert {name: found["metrics"][name] for name in trained} == trained
    assert {"disk", "square", "background"} == set(found["analysis"]["confusion"]["classes"])
    assert {path.name for path in (folder / "plots").iterdir()} == {"per_class.png", "confusion.png"}
    assert len(list((folder / "images").iterdir())) == 2
    page = (folder / "report.html").read_text()
    assert "boundary IoU" in page and "The lowest IoU is that of" in page
    again = ["-c", str(run / "config.json"), "--predictions", str(folder / "results.json"), "--bootstrap", "20"]
    start(evaluate_main, *again, "--out-path", str(tmp_path / "again"), "--compare", str(run))
    assert json.loads((tmp_path / "again/metrics.json").read_text())["metrics"] == found["metrics"]
    assert "within chance" in (tmp_path / "again/table.txt").read_text()


def test_sliding_windows_and_flips_are_evaluated_by_config(run, start):
    views = '{"flip": true, "flip_y": true, "scales": [0.75], "tiles": true, "tile_size": 48}'
    start(evaluate_main, str(run), "--bootstrap", "0", "--images", "0", "--set", f"evaluator.views={views}")
    found = json.loads((run / "evaluation/test-views/metrics.json").read_text())
    tile, tta = Tiling(48), Tta(flip_y=True, scales=(0.75,))
    settings = process_config(run / "config.json")
    data = LabeledShapes(settings.data, settings.exp.seed)
    evaluator = MeanIoUEvaluator(settings.evaluator, data.ground_truth("test"))
    predictor = Predictor.load(run, tile=tile, tta=tta)
    for sample in data.test():
        evaluator.add(sample["image_id"], predictor.predict(sample["image"]))
    assert found["metrics"] == pytest.approx(evaluator.result(), abs=0)
    assert found["evaluation"]["views"]["scales"] == [0.75] and found["metrics"]["mIoU"] > 0.85


def predicted(out):
    """Path → bytes of what a prediction wrote, but for its journal."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name not in (".lock", "predictions.jsonl")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files}


def test_folders_are_predicted_resumed_and_written_as_palette_images(run, start, tmp_path):
    for number in (8, 9):
        (tmp_path / "images/deep").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / f"images/deep/{number}.png"), drawn(number)["image"][..., ::-1])
    words = [predict_main, "--ckpt", str(run), "--in-path", str(tmp_path / "images"), "--palette", "voc", "--out-path"]
    said = start(*words, str(tmp_path / "out"))
    assert "2 images; predicted 2" in said and "background" in said and "%" in said and "LabelMe" not in said
    with PIL.Image.open(tmp_path / "out/labels/deep/9.png") as image:
        assert (np.asarray(image) == drawn(9)["labels"]).mean() > 0.97
        assert image.getpalette()[3:6] == [128, 0, 0]
    assert (tmp_path / "out/overlays/deep/8.jpg").is_file()
    only = start(*words, str(tmp_path / "disks"), "--classes", "disk", "--save", "labels", "coco")
    assert "square" not in only and {one["category_id"] for one in results(tmp_path / "disks")} == {1}
    whole = predicted(tmp_path / "out")
    journal = tmp_path / "out/predictions.jsonl"
    journal.write_bytes(journal.read_bytes().splitlines(keepends=True)[0])
    (tmp_path / "out/labels/deep/9.png").unlink()
    assert "2 images; predicted 1" in start(*words, str(tmp_path / "out"))
    assert predicted(tmp_path / "out") == whole


def results(out):
    return json.loads((out / "results.json").read_text())


def test_it_is_benchmarked(folder, start):
    said = start(benchmark_main, "-c", str(folder / "run.json"), "--rounds", "1")
    assert "training" in said and "inference" in said and "box head" not in said
