"""What an evaluation leaves, for a task that draws an image as it is."""

import re

import cv2
import numpy as np

from base.analysis import Analysis, AnalyzedImage
from base.task import Task
from reporting.evaluation.report import write_evaluation
from reporting.table import RunInfo


class Plain(Task):
    def shapes(self, spec, batch_size):
        return {}


class Found(Analysis):
    def __init__(self):
        self.metrics = {"mIoU": 0.5}
        self.images = (AnalyzedImage(7, "seven"),)

    def to_dict(self):
        return {}

    def tables(self):
        return {}


def written(folder, image, complexity=()):
    folder.mkdir()
    info = RunInfo("mine", "data", "test, 1 image", "toy", "random")
    write_evaluation(folder, Plain(), Found(), [], info, {"complexity": dict(complexity)}, [(7, image)])
    return (folder / "report.html").read_text(encoding="utf-8")


def test_an_image_larger_than_a_jpeg_is_shown_smaller(tmp_path):
    for name, size, shown in (("wide", (20, 70_000), (9, 32_000)), ("small", (20, 30), (20, 30))):
        written(tmp_path / name, np.full((*size, 3), 90, np.uint8))
        image = cv2.imread(str(tmp_path / name / "images/7.jpg"))
        assert image is not None and image.shape[:2] == shown


def test_the_page_names_what_the_network_costs_in_words(tmp_path):
    costs = {"parameters": 11, "trainable_parameters": 7, "flops": 22, "checkpoint_bytes": 99}
    page = written(tmp_path / "out", np.zeros((20, 30, 3), np.uint8), costs)
    facts = re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page)
    assert facts[2:] == [
        ("parameters", "11"),
        ("trainable parameters", "7"),
        ("FLOPs of an image", "22"),
        ("bytes of the checkpoint", "99"),
    ]
