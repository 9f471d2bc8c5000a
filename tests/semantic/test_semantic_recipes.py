"""The recipes that label pixels: their crops, classes and losses are those of their references, and each trains and
is evaluated on a tiny data set in its own format."""

import json
import math
import sys

import keras
import numpy as np
import pytest

from base.letterbox import fit
from base.memory import check_step_fits
from data_loader.cityscapes.config import TRAIN_CLASSES
from mains import evaluate_main, train_main
from models.weights.coco import COCO_CLASSES
from models.weights.voc import VOC_CLASSES
from tests.data_loader import format_writers as writers
from tests.data_loader.synthetic import CATEGORY_IDS, synthetic
from tests.recipes import CONFIGS, SEMANTIC
from utils.args import run_main
from utils.config import process_config
from utils.registry import DATA, resolve

PETS = ("pets_deeplab", "pets_trimap")
SIDES = {"cityscapes_deeplab": (64, 128), "voc_deeplab_r101": (65, 65)}
SIDE = (64, 64)


def recipe(name, *settings):
    return process_config(CONFIGS / f"{name}.json", settings)


@pytest.mark.parametrize("name", SEMANTIC)
def test_a_recipe_has_its_own_folder_and_a_step_that_fits(name):
    config = recipe(name)
    assert config.exp.name.replace("-", "_") == name
    assert config.data.task == "semantic" and config.evaluator.name == "mean_iou"
    assert config.model.backbone.weights == "imagenet" and config.model.backbone.batch_norm == "trainable"
    check_step_fits(resolve(DATA, config.data.name)(config.data, 0))


SCALES = {
    "cityscapes_deeplab": ((1024, 2048), (512, 2048), 0),
    "coco_voc_deeplab_r50": ((480, 640), (260, 1040), 5),
    "voc_deeplab_r101": ((375, 500), (188, 750), 20),
}
"""Recipe → the usual size of its images, the lengths between which its reference resizes the shorter side, and by how
many pixels ours are others."""


@pytest.mark.parametrize("name", SCALES)
def test_crops_are_of_the_scales_of_the_reference(name):
    size, lengths, tolerance = SCALES[name]
    data = recipe(name).data
    found = [min(fit(size, data.image_size, factor).size) for factor in data.augment.scale_range]
    assert data.augment.scale == 1 and data.augment.rotation == 0
    assert found == pytest.approx(lengths, abs=tolerance)


def test_cocos_classes_are_learned_as_vocs_in_their_order():
    """As torchvision's weights for them have their rows, whose COCO ids these are."""
    config = recipe("coco_voc_deeplab_r50")
    assert config.data.classes == tuple(VOC_CLASSES)
    given = {new: old for old, new in config.data.label_map.items()}
    ids = [COCO_CLASSES[given.get(name, name)] for name in config.data.classes]
    assert ids == [5, 2, 16, 9, 44, 6, 3, 17, 62, 21, 67, 18, 19, 4, 1, 64, 20, 63, 7, 72]
    assert config.model.output_stride == 8 and config.model.loss_weights.aux == 0.5


def test_cityscapes_is_measured_in_tiles_of_the_crops_size_and_without_background():
    evaluator = recipe("cityscapes_deeplab").evaluator
    assert not evaluator.background and evaluator.views.tiles and evaluator.views.tile_size is None


def pets(root):
    return {
        "data.source": "synthetic",
        "data.cache": root / "cache",
        "data.synthetic": json.dumps({"folder": str(root), "trainval": 37, "test": 37, "size": 64}),
    }


def coco(root):
    """With the names of COCO for the three classes; the others are in no image."""
    images = synthetic()
    writers.coco(root, images)
    names = dict(zip(CATEGORY_IDS.values(), ("airplane", "cat", "couch"), strict=True))
    others = [name for name in COCO_CLASSES if name not in names.values()]
    numbered = names | dict(enumerate(others, 100))
    for path in root.glob("annotations/*.json"):
        content = json.loads(path.read_text())
        content["categories"] = [{"id": number, "name": name} for number, name in numbered.items()]
        path.write_text(json.dumps(content))
    return {"data.root": root}


def voc(root):
    writers.voc(root, [shown.without_crowds() for shown in synthetic()])
    return {"data.root": root}


def cityscapes(root):
    images = [shown.without_crowds() for shown in synthetic()]
    writers.cityscapes(root, images)
    writers.city_labels(root, images)
    return {"data.root": root}


DATA_SETS = {
    "cityscapes_deeplab": (cityscapes, tuple(TRAIN_CLASSES.values())),
    "coco_voc_deeplab_r50": (coco, ("background", *VOC_CLASSES)),
    "pets_deeplab": (pets, ("background", "cat", "dog")),
    "pets_trimap": (pets, ("background", "pet", "border")),
    "voc_deeplab_r101": (voc, ("background", *VOC_CLASSES)),
}
"""Recipe → what writes a tiny data set in its format, and the labels that are measured."""


@pytest.fixture
def start(monkeypatch, fresh_log, capsys):
    def start_main(module, *words):
        monkeypatch.setattr(sys, "argv", [f"{module.__name__}.py", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            run_main(module.main)
        assert not end.value.code, capsys.readouterr()

    yield start_main
    keras.utils.clear_session(free_memory=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEMANTIC)
def test_a_recipe_trains_and_is_evaluated_on_data_in_its_format(name, start, tmp_path):
    write, labels = DATA_SETS[name]
    settings = {
        "exp.root": tmp_path / "runs",
        **write(tmp_path / "data"),
        "data.image_size": list(SIDES.get(name, SIDE)),
        "data.batch_size": 2,
        "model.backbone.weights": "null",
        "trainer.max_steps": 2,
        "trainer.log_every": 1,
    }
    start(train_main, "-c", CONFIGS / f"{name}.json", "--set", *(f"{key}={value}" for key, value in settings.items()))
    (run,) = (tmp_path / "runs").iterdir()
    losses = [json.loads(line)["scalars"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    found = [value for row in losses for key, value in row.items() if key.startswith("loss/")]
    assert len(found) >= 2 and all(math.isfinite(value) for value in found)
    start(evaluate_main, run, "--bootstrap", 0, "--images", 1)
    (metrics,) = run.glob("evaluation/*/metrics.json")
    values = json.loads(metrics.read_text())["metrics"]
    assert [key.removeprefix("IoU/") for key in values if key.startswith("IoU/")] == list(labels)
    known = [value for key, value in values.items() if key.startswith("IoU/") and value is not None]
    assert values["mIoU"] == pytest.approx(np.mean(known), rel=1e-9) and 0 <= values["mIoU"] < 1
