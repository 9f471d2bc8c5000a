"""Labels written in another format, and read again to the bit."""

import numpy as np
import PIL.Image
import pytest

from base.index_images import voc_palette
from data_loader.errors import DataError
from data_loader.formats import recognize
from data_loader.writers import convert
from tests.data_loader import format_writers as writers
from tests.data_loader.semantic.test_labels_of_every_format import truths
from tests.data_loader.synthetic import synthetic
from tests.data_loader.test_every_format import prepared
from tests.data_loader.writers.data_set import read, write_data_set
from tests.preparation import tiny_labels

FORMATS = ("voc", "mask_folder")


def again(root):
    return read(recognize(root, labels=True) | {"task": "semantic"})


def assert_same(one, other):
    for split in ("train", "val", "test"):
        names = [[record.path.stem for record in data.records(split)] for data in (one, other)]
        assert names[0] == names[1]
    found, expected = truths(one), truths(other)
    for name, labels in expected.items():
        np.testing.assert_array_equal(found[name], labels)


@pytest.mark.parametrize("format", FORMATS)
def test_labels_are_the_same_to_the_bit(tmp_path, format):
    train = [*tiny_labels.plain(3), (9, tiny_labels.labels()), (8, tiny_labels.labels(fill=255))]
    data = tiny_labels.read(tiny_labels.write(tmp_path / "in", train=train, val=tiny_labels.plain(2, start=50)))
    lost = convert(data, format, tmp_path / "out")
    assert any("no JPEG" in line for line in lost) == (format == "voc") and len(lost) == (format == "voc")
    found = again(tmp_path / "out")
    assert found.classes == data.classes == ("cup", "fork")
    assert_same(found, data)


@pytest.mark.parametrize("format", FORMATS)
def test_objects_are_painted(tmp_path, format):
    objects = write_data_set(tmp_path / "in")
    data = read({**objects.config.model_dump(mode="json", exclude_unset=True), "name": "coco", "task": "semantic"})
    convert(data, format, tmp_path / "out")
    found = again(tmp_path / "out")
    assert found.classes == data.classes
    for split in ("train", "val", "test"):
        pairs = zip(found.records(split), data.records(split), strict=True)
        expected = {record.path.read_bytes(): labels(data, split, record) for _, record in pairs}
        assert {record.path.read_bytes(): labels(found, split, record) for record in found.records(split)} == expected
    assert np.unique(truths(found)["1"]).tolist() == [0, 1, 3, 255]


def labels(data, split, record):
    return data.ground_truth(split).labels(record.image_id).tobytes()


def test_labels_without_a_background_have_none_afterwards(tmp_path):
    images = [shown.without_crowds() for shown in synthetic()]
    writers.cityscapes(tmp_path / "in", images)
    writers.city_labels(tmp_path / "in", images)
    data = prepared(recognize(tmp_path / "in") | {"task": "semantic"})
    lost = convert(data, "mask_folder", tmp_path / "out")
    assert lost == ["19 × value of a class: it is another one now, the classes count from 0"]
    found = again(tmp_path / "out")
    assert not found.ground_truth("train").background and found.classes == data.classes
    assert_same(found, data)
    assert any("labels without a background" in line for line in convert(data, "voc", tmp_path / "voc"))
    assert_same(again(tmp_path / "voc"), data)


def test_vocs_layout_has_its_palette_and_no_objects(tmp_path):
    data = tiny_labels.read(
        tiny_labels.write(tmp_path / "in", train=tiny_labels.plain(3), val=tiny_labels.plain(2, start=50))
    )
    convert(data, "voc", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"JPEGImages", "SegmentationClass", "ImageSets", "labelmap.txt"}
    with PIL.Image.open(tmp_path / "out/SegmentationClass/train001.png") as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.array(image.getpalette()).reshape(-1, 3), voc_palette())
    assert recognize(tmp_path / "out")["task"] == "semantic"


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_formats_without_labels_say_which_have_them(tmp_path, format):
    data = tiny_labels.read(
        tiny_labels.write(tmp_path / "in", train=tiny_labels.plain(3), val=tiny_labels.plain(2, start=50))
    )
    with pytest.raises(DataError, match=r"write voc or mask_folder, or read the data with data.task=instance"):
        convert(data, format, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path):
    root = tiny_labels.write(tmp_path / "in", train=tiny_labels.plain(3), val=tiny_labels.plain(2, start=50))
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").write_text("mine")
    with pytest.raises(DataError, match="is there already"):
        convert(tiny_labels.read(root), "voc", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
