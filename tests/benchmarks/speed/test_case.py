"""What a benchmark knows of the data of a config."""

import pytest

from benchmarks.speed.case import case_of, spec_of
from data_loader.errors import DataError
from tests.benchmarks.speed.tiny import tiny_file
from tests.preparation.tiny_data import CLASSES, plain, write
from tests.recipes import CONFIGS
from utils.config import process_config


def coco(folder, root):
    """A config of data whose classes are in the annotation file."""
    split = {"annotations": ["train.json"], "images": "train"}
    return process_config(tiny_file(folder, name="coco", root=str(root), train=split, classes=None), [])


def test_classes_that_are_in_files_are_read(tmp_path):
    root = write(tmp_path / "data", train=plain(3))
    spec = spec_of(coco(tmp_path, root))
    assert (spec.classes, spec.category_ids, spec.image_size) == (CLASSES, (1, 2, 3), (64, 64))


def test_files_that_are_absent_are_an_error_of_the_data(tmp_path):
    with pytest.raises(DataError, match="absent"):
        case_of(coco(tmp_path, tmp_path / "absent"))


def test_known_classes_need_no_data(tmp_path):
    config = process_config(tiny_file(tmp_path, root=str(tmp_path / "absent"), offline="error"), [])
    assert spec_of(config).classes == ("cat", "dog")


def test_class_weights_by_frequency_need_no_data(tmp_path):
    losses = '[{"name": "cross_entropy", "class_weights": "median_frequency"}]'
    semantic = ["data.task=semantic", "data.root=absent", "evaluator.name=mean_iou", "model.name=semantic_fpn"]
    tiny = ['model.backbone={"alpha": 0.35, "weights": null}', f"model.losses={losses}"]
    case = case_of(process_config(tiny_file(tmp_path), [*semantic, *tiny]))
    assert case.model.config.losses[0].class_weights == (1.0, 1.0, 1.0)


def test_classes_that_the_config_names_need_no_data(tmp_path):
    config = process_config(CONFIGS / "benchmark_deeplab_r50.json", [f"data.root={tmp_path / 'absent'}"])
    spec = spec_of(config)
    assert spec.num_classes == 20 and spec.classes[7] == "cat" and spec.task == "semantic"
