"""What the report shows of labels."""

import json

import cv2
import numpy as np
import pytest

from preparation.inspection.inspect import inspect
from preparation.report.kinds import LABELS
from preparation.report.labels.sheets import annotated, samples_of_classes, targets
from preparation.report.page import found_images
from preparation.report.sheets import sheet_of_augmentation
from preparation.report.write import write_report
from tests.preparation.tiny_labels import labels, plain, read, write


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    train = [*plain(3), (90, labels((1, 0, 0, 6, 8))), (91, labels((1, 0, 0, 48, 48))), (92, labels())]
    return read(write(tmp_path_factory.mktemp("a"), train=train, val=plain(2, start=50)))


@pytest.fixture(scope="module")
def inspection(data):
    return inspect(data)


def test_samples_are_images_with_their_class_small_parts_first(inspection):
    items = samples_of_classes(inspection, "train", 9, ("cup", "fork"))
    cups = [item.attributes["% of the image"] for item in items if item.attributes["class"] == ["cup"]]
    assert cups == [1.56, 25.0, 25.0, 25.0, 75.0]  # 48, 768 and 2304 of 3072 pixels
    assert sum(item.attributes["class"] == ["fork"] for item in items) == 3
    assert all(max(item.image.shape[:2]) == 176 for item in items)


def test_labels_are_drawn_over_the_image_and_the_background_is_left(data):
    record = data.records("train")[5]
    np.testing.assert_array_equal(annotated(record, data.classes), cv2.imread(str(record.path), cv2.IMREAD_COLOR_RGB))
    record = data.records("train")[4]
    changed = annotated(record, data.classes) != cv2.imread(str(record.path), cv2.IMREAD_COLOR_RGB)
    assert changed[:, 5:40].any(axis=-1).mean() > 0.9 and not changed[:, 56:].any()


def test_targets_have_the_size_of_the_image_without_its_padding(data):
    sample = data.prepare_sample(data.split("train")[0], None)
    assert targets(sample, data.classes).shape == (48, 64, 3)
    assert sheet_of_augmentation(data, inspect(data).splits["train"], LABELS, 2, 3).dtype == np.uint8


def test_a_report_of_labels_has_their_plots_and_findings(data, inspection, tmp_path):
    written = write_report(tmp_path / "out", inspection, data, None, {})
    numbers = json.loads(written["numbers"].read_text())
    assert set(numbers["plots"]) == {"classes.png", "images.png", "samples.jpg", "augmentation.jpg"}
    assert {item.attributes["finding"][0] for item in found_images(inspection)} == {"empty images in train"}
    page = written["report"].read_text(encoding="utf-8")
    assert "every label counted" in page and "fewest to those with the most pixels" in page
