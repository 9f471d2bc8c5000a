"""Folders of labels are recognized."""

import logging
import shutil

import numpy as np
import pytest

from data_loader.formats import recognize
from data_loader.label_map import NamedClasses, classes_in, label_map_text
from tests.data_loader import format_writers as writers
from tests.data_loader.semantic.test_labels_of_every_format import assert_labels, truths
from tests.data_loader.synthetic import CLASSES, synthetic
from tests.data_loader.test_every_format import prepared
from tests.preparation.tiny_labels import labels, plain, write


@pytest.fixture
def images():
    return [shown.without_crowds() for shown in synthetic()]


def test_voc_without_objects_has_labels(tmp_path, images):
    writers.voc(tmp_path, images)
    assert "task" not in recognize(tmp_path)
    shutil.rmtree(tmp_path / "SegmentationObject")
    section = recognize(tmp_path)
    assert section["task"] == "semantic"
    assert_labels(prepared(section | {"names": list(CLASSES)}), images)


def test_cityscapes_without_instances_has_labels(tmp_path, images):
    writers.cityscapes(tmp_path, images)
    writers.city_labels(tmp_path, images)
    assert "task" not in recognize(tmp_path)
    for path in list(tmp_path.rglob("*_instanceIds.png")):
        path.unlink()
    section = recognize(tmp_path)
    assert section["task"] == "semantic" and len(prepared(section).classes) == 19


def test_values_of_masks_are_classes_where_labels_are_asked_for(tmp_path):
    """Each value is one connected region, and they count from 1: numbers of objects by any other look."""
    one = [(i, labels((1, 2, 2, 20, 20), (2, 30, 30, 40, 40))) for i in range(6)]
    root = write(tmp_path, train=one, val=one)
    assert recognize(root)["kind"] == "instances"
    section = recognize(root, labels=True)
    assert section["kind"] == "semantic" and section["values"] == [1, 2] and section["names"] == ["class 1", "class 2"]


def test_a_rare_class_of_many_masks_is_found(tmp_path, caplog):
    images = [*plain(14), (90, labels((7, 0, 0, 9, 9))), *plain(3, start=60)]
    with caplog.at_level(logging.WARNING):
        section = recognize(write(tmp_path, train=images, val=plain(2, start=50)), labels=True)
    assert section["values"] == [1, 2, 7] and section["ignored"] == [255]
    assert "by 20 of the masks" in caplog.text


@pytest.mark.parametrize(("background", "values"), [(True, [1, 2]), (False, [0, 1])])
def test_classes_are_named_by_a_label_map(tmp_path, background, values):
    root = write(tmp_path, train=[(i, labels((1, 2, 2, 20, 20))) for i in range(4)], val=[(9, labels())])
    (root / "labelmap.txt").write_text(label_map_text(("a:b", "fork"), background))
    section = recognize(root, labels=True)
    assert (section["names"], section["values"], section["ignored"]) == (["a:b", "fork"], values, [255])
    data = prepared(section | {"task": "semantic"})
    assert np.unique(truths(data)["train001"]).tolist() == ([0, 1] if background else [1, 2])


def test_a_label_map_without_a_class_names_none(tmp_path):
    path = tmp_path / "labelmap.txt"
    assert classes_in(path) is None
    path.write_text(label_map_text(()))
    assert classes_in(path) is None
    path.write_text(label_map_text(("cup",), background=False))
    assert classes_in(path) == NamedClasses(("cup",), False)
