"""Pixels of each class over the training images, counted once."""

import json

import cv2
import numpy as np
import pytest

from base.class_pixels import sum_pixels
from data_loader import class_pixels as module
from data_loader.pets.data import PetsData
from tests.data_loader import format_writers as writers
from tests.data_loader.coco.coco_folder import annotation, coco_data, image, rectangle, runs, write_coco
from tests.data_loader.test_every_format import prepared
from tests.unet.data import ShapesConfig, ShapesData
from utils.errors import UserError

CROWD = np.zeros((40, 60), np.uint8)
CROWD[30:40] = 1


@pytest.fixture
def folder(tmp_path):
    """Two images to learn from: a cup of 200 pixels and a crowd of 600; a fork of 300 that a cup of 100 covers."""
    annotations = [
        annotation(1, 1, 7, [rectangle(0, 0, 20, 10)]),
        annotation(2, 1, 3, runs(CROWD), iscrowd=1),
        annotation(3, 2, 3, [rectangle(0, 0, 30, 10)]),
        annotation(4, 2, 7, [rectangle(0, 0, 10, 10)]),
    ]
    write_coco(tmp_path, annotations, [image(1), image(2)])
    write_coco(tmp_path, [annotation(1, 3, 90, [rectangle(0, 0, 9, 9)])], [image(3)], name="val.json")
    return tmp_path


def data_of(folder, **keys):
    val = {"annotations": ["val.json"], "images": "images"}
    return coco_data(folder, **{"task": "semantic", "val": val, "cache": str(folder / "cache")} | keys)


PIXELS = [2400 - 200 - 600 + 2400 - 300, 200 + 100, 200, 0]
IMAGE_PIXELS = [1800 + 2400, 1800 + 2400, 2400, 0]


def test_counts_by_hand(folder):
    found = data_of(folder).class_pixels()
    assert found.pixels.tolist() == PIXELS and found.image_pixels.tolist() == IMAGE_PIXELS
    assert found.pixels.dtype == np.int64


def test_they_are_counted_once(folder, monkeypatch):
    data = data_of(folder)
    first = data.class_pixels()

    def fail(*_):
        raise RuntimeError("the pixels were counted again")

    monkeypatch.setattr(module, "painted_labels", fail)
    again = data_of(folder).class_pixels()
    np.testing.assert_array_equal(again.pixels, first.pixels)
    np.testing.assert_array_equal(again.image_pixels, first.image_pixels)
    for keys in ({"classes": ["fork"]}, {"label_map": {"cup": "ignore"}}, {"cache": None}):
        with pytest.raises(RuntimeError, match="counted again"):
            data_of(folder, **keys).class_pixels()


def test_other_classes_have_other_counts(folder):
    assert data_of(folder, classes=["fork", "cup"]).class_pixels().pixels.tolist() == [PIXELS[0], 300 - 100, 300]
    found = data_of(folder, label_map={"cup": "ignore"}).class_pixels()
    assert found.pixels.tolist() == [3700, 200, 0] and found.image_pixels.tolist() == [1600 + 2300, 2300, 0]


def test_a_broken_or_unwritable_cache_costs_the_counting_alone(folder, caplog):
    data_of(folder).class_pixels()
    (path,) = (folder / "cache").iterdir()
    for content in ("no JSON", json.dumps({"pixels": [1], "image_pixels": [1]})):
        path.write_text(content)
        assert data_of(folder).class_pixels().pixels.tolist() == PIXELS
    assert caplog.text.count("the kept counts cannot be used") == 2
    (folder / "file").write_text("in the way")
    assert data_of(folder, cache=str(folder / "file")).class_pixels().pixels.tolist() == PIXELS


def test_label_images_are_not_read_again(tmp_path, monkeypatch):
    values = np.array([[0, 1, 1, 255], [2, 2, 2, 0]], np.uint8)
    for name in "ab":
        writers.save(tmp_path / f"images/{name}.png", np.zeros((2, 4, 3), np.uint8))
        writers.save(tmp_path / f"masks/{name}.png", values)
    section = {"name": "mask_folder", "root": str(tmp_path), "task": "semantic", "kind": "semantic", "ignored": [255]}
    data = prepared(section | {"names": ["cup", "fork"], "cache": None})
    for path in (tmp_path / "masks").iterdir():
        path.unlink()
    found = data.class_pixels()
    assert found.pixels.tolist() == [2, 2, 3] and found.image_pixels.tolist() == [7, 7, 7]


def test_pets(pets_folder, pets_config, tmp_path):
    data = PetsData(pets_config(task="semantic", classes="trimap"), 0)
    data.prepare()
    paths = [pets_folder / f"annotations/trimaps/{item.path.stem}.png" for item in data.records("train")]
    values = np.concatenate([cv2.imread(str(path), cv2.IMREAD_UNCHANGED).reshape(-1) for path in paths])
    assert data.class_pixels().pixels.tolist() == [(values == number).sum() for number in (2, 1, 3)]


def test_data_of_another_kind_are_counted_by_their_samples():
    data = ShapesData(ShapesConfig(), 0)
    every = np.concatenate([sample["labels"].reshape(-1) for sample in data.train()])
    assert data.class_pixels().pixels.tolist() == np.bincount(every, minlength=3).tolist()


def test_data_without_labels_have_none(folder):
    with pytest.raises(UserError, match="no label for each pixel"):
        data_of(folder, task="instance").class_pixels()


def test_sums_by_hand():
    counts = np.zeros((2, 256), np.int64)
    counts[0, [0, 1, 255]] = 5, 3, 90
    counts[1, [1, 2, 255]] = 4, 6, 1
    found = sum_pixels(counts, 3)
    assert found.pixels.tolist() == [5, 7, 6, 0] and found.image_pixels.tolist() == [8, 18, 10, 0]
