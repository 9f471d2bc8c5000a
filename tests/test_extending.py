"""The example of docs/EXTENDING.md does what the document says."""

import json
import re
import shutil
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_loader.errors import DataError
from mains import train_main
from utils.args import run_main
from utils.config import process_config
from utils.logger.writers.jsonl import read_metrics
from utils.registry import DATA, resolve

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def own(tmp_path, monkeypatch):
    """The document's files in a folder of their own: `own/data.py` and `configs/cells.json`."""
    text = (ROOT / "docs/EXTENDING.md").read_text(encoding="utf-8")
    code, config = re.findall(r"^```(?:python|json)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "own").mkdir()
    (tmp_path / "own/data.py").write_text(code, encoding="utf-8")
    (tmp_path / "configs").mkdir()
    shutil.copy(ROOT / "configs/pets.json", tmp_path / "configs")
    (tmp_path / "configs/cells.json").write_text(config, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for module in ("own.data", "own"):
        sys.modules.pop(module, None)


def draw(folder, names):
    """Images of 40×60 pixels with two cells: object 1 at x 10…19, y 5…14, object 2 at x 30…49, y 20…34."""
    folder.mkdir(parents=True)
    mask = np.zeros((40, 60), np.uint8)
    mask[5:15, 10:20] = 1
    mask[20:35, 30:50] = 2
    for name in names:
        cv2.imwrite(str(folder / f"{name}.jpg"), np.repeat(mask[..., None] * 100, 3, axis=2))
        cv2.imwrite(str(folder / f"{name}.mask.png"), mask)


def test_the_data_set_of_the_document(own):
    for split, names in {"train": "abcdefghij", "val": "klm", "test": "n"}.items():
        draw(own / "data/cells" / split, names)
    small = ["data.image_size=[80,120]", "data.batch_size=4", "data.augment=null"]
    config = process_config("configs/cells.json", small)
    assert (config.exp.name, config.model.name, config.data.batch_size) == ("cells", "mask_rcnn", 4)

    data = resolve(DATA, config.data.name)(config.data, config.exp.seed)
    data.prepare()
    assert data.spec.classes == ("cell",)
    assert data.steps_per_epoch == 2
    batch = next(data.train_batches(epoch=0))
    assert batch["images"].shape == (4, 80, 120, 3)
    boxes = batch["gt_boxes"][0, :2]
    np.testing.assert_allclose(boxes[np.argsort(boxes[:, 0])], [[20, 10, 40, 30], [60, 40, 100, 70]], atol=1)
    assert batch["gt_classes"].sum(axis=1).tolist() == [2, 2, 2, 2]
    ground_truth = data.ground_truth("val")
    assert len(ground_truth["images"]) == 3
    assert [item["area"] for item in ground_truth["annotations"][:2]] == [100, 300]


@pytest.mark.slow
def test_the_main_trains_and_evaluates_on_the_data_of_the_document(own, monkeypatch, fresh_log):
    for split, names in {"train": "abcd", "val": "ef", "test": "g"}.items():
        draw(own / "data/cells" / split, names)
    small = ["data.image_size=[64,96]", "data.batch_size=4", "model.backbone.weights=null"]
    small += ["model.backbone.alpha=0.35", "trainer.epochs=1", "logger.comet.mode=off"]
    monkeypatch.setattr(sys, "argv", ["train_main.py", "-c", "configs/cells.json", "--set", *small])
    with pytest.raises(SystemExit) as end:
        run_main(train_main.main)
    assert not end.value.code
    (first, *_) = read_metrics(own / "experiments/cells/metrics.jsonl")
    assert (first["step"], first["scope"]) == (1, "train")
    assert all(np.isfinite(value) for value in first["scalars"].values())
    metrics = json.loads((own / "experiments/cells/metrics.json").read_text())
    assert 0 <= metrics["mask/AP/cell"] <= 1


def test_the_config_of_the_document_has_room_for_its_objects(own):
    config = process_config("configs/cells.json")
    most, model, pets = config.data.max_objects, config.model, process_config("configs/pets.json").model
    assert most < model.detect.max_detections <= model.rpn.post_nms_top_n_eval
    assert model.detect.max_detections < model.detect.pre_nms_top_n
    assert len(model.rpn.anchor_sizes) == len(pets.rpn.anchor_sizes)
    assert all(ours < theirs for ours, theirs in zip(model.rpn.anchor_sizes, pets.rpn.anchor_sizes, strict=True))
    assert model.backbone == pets.backbone  # what the document leaves out is that of the pets


def test_the_document_s_error(own):
    data = resolve(DATA, "own.data:CellsData")(process_config("configs/cells.json").data, 0)
    with pytest.raises(DataError, match=r"data/cells/train holds no \.jpg"):
        data.prepare()
