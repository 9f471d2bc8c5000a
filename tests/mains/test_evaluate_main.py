"""The main on the run of a tiny untrained network, whose ground truth is a part of what it predicts, and on files."""

import argparse
import contextlib
import io
import json
import math
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from base import rle
from evaluation.coco import CocoEvaluator
from inference.predictor import Predictor
from inference.tta import Tta
from mains import evaluate_main
from reporting.evaluation.options import check_options, options
from reporting.evaluation.subject import results_to_compare, subject_of
from tests.inference.tiny_run import CATEGORY_IDS, write_run
from tests.models.mask_rcnn.dummy_batches import tiny_config
from trainers.supervised_train import SupervisedTrain
from utils.args import parse_args
from utils.config import process_config
from utils.errors import UserError
from utils.registry import DATA, resolve

ROOT = Path(__file__).resolve().parents[2]
SIZES = {3: (50, 90), 8: (120, 64), 9: (70, 70), 20: (64, 64)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run with its config, beside its data."""
    root = tmp_path_factory.mktemp("evaluated")
    write_run(root / "runs/tiny")
    predictor = Predictor.load(root / "runs/tiny")
    annotations = []
    (root / "images").mkdir()
    for image_id, size in SIZES.items():
        image = np.random.default_rng(image_id).integers(0, 256, (*size, 3), np.uint8)
        cv2.imwrite(str(root / f"images/{image_id}.png"), image)
        found = predictor.predict(root / f"images/{image_id}.png")
        for mask, label in list(zip(found.masks, found.classes, strict=True))[::2]:
            if rle.area(mask):
                box = [value + 0.25 for value in rle.xywh(mask)]  # as a polygon's box differs from that of its pixels
                kept = {"image_id": image_id, "category_id": CATEGORY_IDS[int(label) - 1], "iscrowd": 0}
                annotations.append({**kept, "bbox": box, "area": rle.area(mask) + 0.5, "segmentation": mask})
    images = [{"id": i, "file_name": f"{i}.png", "height": h, "width": w} for i, (h, w) in SIZES.items()]
    categories = [{"id": i, "name": name} for i, name in zip(CATEGORY_IDS, ("rectangle", "ellipse"), strict=True)]
    numbered = [{"id": number, **one} for number, one in enumerate(annotations, 1)]
    content = {"images": images, "annotations": numbered, "categories": categories}
    (root / "truth.json").write_text(json.dumps(content))
    (root / "runs/tiny/config.json").write_text(json.dumps(config(root)))
    return root / "runs/tiny"


def config(root):
    split = {"annotations": ["truth.json"], "images": "images"}
    return {
        "exp": {"name": "tiny", "root": str(root / "runs")},
        "data": {
            "name": "coco", "root": str(root), "train": split, "val": split, "image_size": [64, 64], "batch_size": 2,
            "val_batch_size": 3, "max_objects": 4,
        },
        "model": tiny_config().model_dump(mode="json"),
        "trainer": {"name": "supervised", "epochs": 1},
        "evaluator": {"name": "coco"},
        "logger": {"comet": {"mode": "off"}},
    }  # fmt: skip


@pytest.fixture
def start(monkeypatch, fresh_log):
    def started(*words):
        monkeypatch.setattr(sys, "argv", ["evaluate_main.py", *map(str, words)])
        evaluate_main.main()

    return started


def of_training(run):
    """What a trainer measures with the same weights."""
    settings = process_config(run / "config.json")
    data = resolve(DATA, "coco")(settings.data, 0)
    data.prepare()
    evaluator = CocoEvaluator(settings.evaluator, data.ground_truth("test"))
    model = Predictor.load(run).model
    return SupervisedTrain(model, data, settings.trainer, evaluator=evaluator).evaluate("test", evaluator)


def of_pycocotools(truth, results, iou_type):
    """AP and AR of a result file against the annotation file itself."""
    with contextlib.redirect_stdout(io.StringIO()):
        ground_truth = COCO(str(truth))
        found = json.loads(results.read_text())
        if iou_type == "segm":
            found = [{key: value for key, value in one.items() if key != "bbox"} for one in found]
        evaluation = COCOeval(ground_truth, ground_truth.loadRes(found), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def test_flipped_views_are_fused_as_the_predictor_does(run, start):
    start(run, "--bootstrap", 0, "--images", 0, "--set", 'evaluator.views={"flip": true}')
    found = json.loads((run / "evaluation/test-views/metrics.json").read_text())["metrics"]
    settings = process_config(run / "config.json")
    data = resolve(DATA, "coco")(settings.data, 0)
    data.prepare()
    evaluator = CocoEvaluator(settings.evaluator, data.ground_truth("test"))
    predictor = Predictor.load(run, tta=Tta())
    for sample in data.split("test"):
        evaluator.add(sample["image_id"], predictor.predict(sample["image"]))
    expected = {name: None if math.isnan(value) else value for name, value in evaluator.result().items()}
    assert {name: found[name] for name in expected} == expected
    assert expected["mask/AP"] != of_training(run)["mask/AP"]


def test_a_run_is_measured_as_in_training_and_by_any_other_program(run, start, capsys):
    start(run, "--bootstrap", 20, "--images", 2)
    folder = run / "evaluation/test"
    found = json.loads((folder / "metrics.json").read_text())
    trained = {name: None if value != value else value for name, value in of_training(run).items()}  # noqa: PLR0124
    assert {name: found["metrics"][name] for name in trained} == trained
    assert 0.05 < trained["mask/AP"] < 1
    for kind, iou_type in (("box", "bbox"), ("mask", "segm")):
        stats = of_pycocotools(run.parents[1] / "truth.json", folder / "results.json", iou_type)
        names = ("AP", "AP50", "AP75", "AP_small")
        np.testing.assert_allclose([found["metrics"][f"{kind}/{name}"] for name in names], stats[:4], atol=1e-9)
    assert found["complexity"]["parameters"] > 0
    assert found["complexity"]["flops"] % 2 == 0
    assert found["environment"]["packages"]["numpy"]
    assert found["config"]["exp"]["name"] == "tiny"
    assert {path.name for path in folder.iterdir()} == {
        "images", "metrics.json", "metrics.yaml", "plots", "report.html", "results.json", "table.txt",
    }  # fmt: skip
    assert len(list((folder / "images").iterdir())) == 2
    page = (folder / "report.html").read_text()
    assert page.count("<article") == 2 and "AP50 lost to each type of error" in page
    assert "boundary" in capsys.readouterr().out


def test_a_result_file_needs_no_network_and_can_be_compared(run, tmp_path):
    """In a process of its own: Keras is not loaded."""
    root = run.parents[1]
    truth = json.loads((root / "truth.json").read_text())
    keys = ("image_id", "category_id", "bbox", "segmentation")
    results = [{key: one[key] for key in keys} | {"score": 0.9} for one in truth["annotations"]]
    (tmp_path / "all.json").write_text(json.dumps(results))
    (tmp_path / "half.json").write_text(json.dumps(results[::2]))
    words = ["--predictions", "all.json", "--annotations", root / "truth.json", "--compare", "half.json"]
    code = "import sys; from mains import evaluate_main; evaluate_main.main(); print('keras' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words), "--bootstrap", "20"], cwd=tmp_path, capture_output=True,
        text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin", "COLUMNS": "100"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "False"
    found = json.loads((tmp_path / "all-evaluation/metrics.json").read_text())
    assert found["metrics"]["mask/AP"] == pytest.approx(1)
    assert found["analysis"]["comparison"]["metrics"]["mask/AP"]["difference"] > 0
    assert found["config"] is None


def test_the_current_folder_takes_an_evaluation(run, start, tmp_path, monkeypatch, capsys):
    truth = run.parents[1] / "truth.json"
    (tmp_path / "found.json").write_text("[]")
    (tmp_path / "here").mkdir()
    words = ["--predictions", tmp_path / "found.json", "--annotations", truth, "--bootstrap", 0, "--out-path", "."]
    for what in ("the empty folder", "the evaluation of the same predictions and data"):
        monkeypatch.chdir(tmp_path / "here")
        start(*words)
        assert json.loads((tmp_path / "here/results.json").read_text()) == []
        printed = capsys.readouterr().out
        assert f"here: {what} is replaced; type `cd {tmp_path}/here` to see the new folder" in printed
        assert str(tmp_path / "here/report.html") in printed.replace("\n", "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.json", "here"]


def test_the_current_folder_can_be_the_run(run, monkeypatch):
    monkeypatch.chdir(run)
    args = argparse.Namespace(checkpoint="last", predictions=None, run=Path(), split="test", out_path=None)
    settings = process_config("config.json")
    data = resolve(DATA, "coco")(settings.data, 0)
    data.prepare()
    assert subject_of(args, settings, data).name == "tiny"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Nothing to evaluate"),
        (("RUN", "-c", "a.json"), "give one of them"),
        (("--annotations", "a.json"), "give that as well"),
        (("RUN", "--predictions", "a.json", "--annotations", "b.json"), "leave the run"),
        (("RUN", "--predictions", "a.json", "--checkpoint", "last"), "leave --checkpoint away"),
        (("absent",), "absent holds no config.json"),
        (("RUN", "--predictions", "absent.json"), "absent.json cannot be read"),
        (("RUN", "--compare", "RUN", "--split", "train"), "has no evaluation of the split train"),
        (("RUN", "--compare", "RUN/checkpoints"), "neither a run nor an evaluation: give one of these or a COCO res"),
        (("RUN", "--compare", "RUN", "--bootstrap", "0"), "--compare needs resamples"),
        (("RUN", "--ckpt", "RUN"), "give it alone"),
        (("--ckpt", "RUN/checkpoints/ckpt-00001", "--checkpoint", "last"), "give it alone"),
        (("RUN", "--checkpoint", "RUN/absent"), "no checkpoint RUN/absent: give .* RUN/checkpoints: ckpt-00001"),
        (("RUN", "--checkpoint", "ckpt-00002"), "no checkpoint ckpt-00002: give .* RUN/checkpoints: ckpt-00001"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(run, start, words, message):
    with pytest.raises(UserError, match=message.replace("RUN", str(run))):
        start(*(str(word).replace("RUN", str(run)) for word in words))


def test_a_folder_of_predictions_is_compared_by_its_file(run, tmp_path):
    (tmp_path / "results.json").write_text("[]")
    with pytest.raises(UserError, match=f"nor an evaluation: compare its file, --compare {tmp_path}/results.json"):
        results_to_compare(tmp_path, "test", "")
    assert results_to_compare(tmp_path / "results.json", "test", "") == tmp_path / "results.json"


def test_a_checkpoint_is_named_as_in_a_prediction(run):
    settings = process_config(run / "config.json")
    data = resolve(DATA, "coco")(settings.data, 0)
    data.prepare()
    args = {"predictions": None, "run": run, "split": "test", "out_path": None}
    for name in ("ckpt-00001", str(run / "checkpoints/ckpt-00001")):
        subject = subject_of(argparse.Namespace(checkpoint=name, **args), settings, data)
        assert subject.checkpoint.path == run / "checkpoints/ckpt-00001"
        assert subject.folder == run / "evaluation/test-ckpt-00001"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--ckpt", "RUN"), ("RUN", "best")),
        (("--ckpt", "RUN", "--checkpoint", "last"), ("RUN", "last")),
        (("--ckpt", "RUN/checkpoints/ckpt-00001"), ("RUN", "ckpt-00001")),
        (("-c", "a.json", "--ckpt", "RUN"), (None, "RUN")),
        (("-c", "a.json", "--ckpt", "RUN/checkpoints/ckpt-00001"), (None, "RUN/checkpoints/ckpt-00001")),
    ],
)
def test_ckpt_is_a_run_or_a_checkpoint(run, words, found):
    args = parse_args("", options, [word.replace("RUN", str(run)) for word in words], config=False)
    check_options(args)
    named = [None if path is None else path.replace("RUN", str(run)) for path in found]
    assert [args.run and str(args.run), args.checkpoint] == named


def test_the_command_line_fails_with_a_code_and_one_message(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "mains/evaluate_main.py"), "absent"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: absent holds no config.json")
