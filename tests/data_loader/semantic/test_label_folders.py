"""Images beside label images: gray, palette, colors, 16 bits; and what `ignored` does to masks of objects."""

import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from pydantic import ValidationError

from base import rle
from data_loader.config import InstanceDataConfig
from data_loader.errors import DataError
from data_loader.instance_data import InstanceData
from data_loader.label_image import LabelTable, label_image
from data_loader.mask_folder.config import MaskFolderConfig
from data_loader.mask_images import read_values
from data_loader.records import ImageRecord
from tests.data_loader.semantic.test_labels_of_every_format import truths
from tests.data_loader.test_every_format import prepared

SIZE = (20, 30)


def values_of(seed, choices):
    return np.random.default_rng(seed).choice(choices, SIZE)


@pytest.fixture
def folder(tmp_path):
    """Writes three images with a mask each; returns the section that reads them."""

    def write(masks, save, **keys):
        for name, mask in masks.items():
            for kind in ("images", "masks"):
                (tmp_path / kind).mkdir(exist_ok=True)
            PIL.Image.new("RGB", SIZE[::-1], (90, 120, 30)).save(tmp_path / f"images/{name}.png")
            save(mask).save(tmp_path / f"masks/{name}.png")
        section = {"name": "mask_folder", "root": str(tmp_path), "task": "semantic", "cache": None, "val_fraction": 0.4}
        return section | {"kind": "semantic", "names": ["cup", "fork"]} | keys

    return write


def palette(values):
    image = PIL.Image.fromarray(values.astype(np.uint8), mode="P")
    image.putpalette([value * 37 % 256 for value in range(768)])
    return image


def gray_in_three_channels(values):
    return PIL.Image.fromarray(np.repeat(values.astype(np.uint8)[..., None], 3, axis=2))


def colors(values):
    pixels = np.stack([values % 256, values // 256 % 256, values // 65536], axis=-1)
    return PIL.Image.fromarray(pixels.astype(np.uint8))


FORMS = {
    "gray": (lambda values: PIL.Image.fromarray(values.astype(np.uint8)), (1, 2), 255),
    "palette": (palette, (1, 2), 255),
    "gray in three channels": (gray_in_three_channels, (100, 200), 255),
    "16 bits": (lambda values: PIL.Image.fromarray(values.astype(np.uint16)), (300, 40000), 65535),
    "colors": (colors, (128 * 65536 + 7, 60 * 256), 0xFFFFFF),
}


@pytest.mark.parametrize("form", FORMS)
def test_values_are_classes_in_every_form(folder, form):
    save, (cup, fork), void = FORMS[form]
    masks = {name: values_of(seed, [0, cup, fork, void]) for seed, name in enumerate("abc")}
    data = prepared(folder(masks, save, values=[cup, fork], ignored=[void]))
    assert data.classes == ("cup", "fork") and data.category_ids == (cup, fork)
    found = truths(data)
    for name, values in masks.items():
        labels = np.select([values == cup, values == fork, values == void], [1, 2, 255], 0)
        np.testing.assert_array_equal(found[name], labels)
        assert found[name].dtype == np.uint8
    assert all(record.objects == () for record in data.records("train"))


def test_classes_may_count_from_0(folder):
    masks = {name: values_of(seed, [0, 1, 255]) for seed, name in enumerate("abc")}
    section = folder(masks, palette, values=[0, 1], ignored=[255])
    found = truths(prepared(section))
    assert not prepared(section).ground_truth("train").background
    for name, values in masks.items():
        np.testing.assert_array_equal(found[name], np.array([1, 2, *[255] * 254])[values])
    for keys in ({"task": "instance"}, {"kind": "instances", "class_factor": 10}):
        with pytest.raises(ValidationError, match="values has 0, which is the background"):
            MaskFolderConfig.model_validate_json(json.dumps(section | keys))


def test_a_value_of_no_class_is_a_broken_image_that_says_what_to_correct(folder):
    masks = {name: values_of(seed, [0, 1, 2]) for seed, name in enumerate("abc")}
    masks["b"][3, 4] = 7
    section = folder(masks, palette)
    with pytest.raises(DataError, match=r"images/b.png: value of no class: b.png has 7; known are 0, 1, 2: correct"):
        prepared(section)
    assert set(truths(prepared(section, max_bad_fraction=0.4))) == {"a", "c"}


def test_a_label_image_of_another_size_is_broken(folder):
    masks = {name: values_of(seed, [0, 1, 2]) for seed, name in enumerate("abc")}
    masks["b"] = masks["b"][:, 1:]
    with pytest.raises(DataError, match=r"b.png: the mask is \(20, 29\), the image \(20, 30\)"):
        prepared(folder(masks, palette))


def objects():
    """A value for each object, 255 around it."""
    values = np.zeros(SIZE, int)
    values[2:12, 2:12], values[3:11, 3:11] = 255, 1001
    values[5:20, 15:30], values[6:19, 16:29] = 255, 2001
    return values


def test_ignored_values_of_numbered_objects_are_255(folder):
    save = lambda values: PIL.Image.fromarray(values.astype(np.uint16))  # noqa: E731
    keys = {"kind": "instances", "class_factor": 1000, "ignored": [255]}
    data = prepared(folder(dict.fromkeys("abc", objects()), save, **keys))
    expected = np.array([0, 1, 2])[objects() // 1000] + np.where(objects() == 255, 255, 0)
    for labels in truths(data).values():
        np.testing.assert_array_equal(labels, expected)


def test_ignored_values_of_a_file_for_each_object_are_255(folder, tmp_path):
    section = folder(dict.fromkeys("abc", np.zeros(SIZE)), palette)
    for name in "abc":
        for label, value in (("cup", 1001), ("fork", 2001)):
            mask = np.where(objects() == value, 1, 0)
            mask[:, slice(14, None) if label == "cup" else slice(14)] = 0
            border = objects() == 255
            border[:, slice(14, None) if label == "cup" else slice(14)] = False
            (tmp_path / "parts" / label).mkdir(parents=True, exist_ok=True)
            palette(np.where(border, 255, mask)).save(tmp_path / f"parts/{label}/{name}.png")
    train = {"images": "images", "masks": "parts/{class}/{stem}.png"}
    keys = {"kind": "objects", "names": ["object"], "ignored": [255], "train": train}
    expected = np.array([0, 1, 2])[objects() // 1000] + np.where(objects() == 255, 255, 0)
    for labels in truths(prepared(section | keys)).values():
        np.testing.assert_array_equal(labels, expected)
    for item in prepared(section | keys, task="instance").records("train")[0].objects:  # whose pixels they are not
        np.testing.assert_array_equal(rle.decode(item.mask), objects() == 1000 * item.category + 1)
        assert item.ignored is None


def test_labels_are_read_when_they_are_asked_for(folder, tmp_path):
    masks = {name: values_of(seed, [0, 1, 2]) for seed, name in enumerate("abc")}
    data = prepared(folder(masks, palette))
    truth = data.ground_truth("train")
    (image_id, *_) = truth.image_ids
    path = data.records("train")[0].labels.path
    palette(np.full(SIZE, 2)).save(path)
    assert (truth.labels(image_id) == 2).all()
    palette(np.full(SIZE, 3)).save(path)
    with pytest.raises(DataError, match=rf"{path.name}: has changed since it was read first: the values 3 have no"):
        truth.labels(image_id)
    palette(np.full((5, 5), 1)).save(path)
    with pytest.raises(DataError, match=r"the labels are \(5, 5\) but were \(20, 30\)"):
        truth.labels(image_id)
    path.unlink()
    with pytest.raises(DataError, match="there is no such file"):
        truth.labels(image_id)


def test_the_fingerprint_follows_the_labels(folder):
    masks = {name: values_of(seed, [0, 1, 2]) for seed, name in enumerate("abc")}
    section = folder(masks, palette)
    first = prepared(section).fingerprint
    assert prepared(section).fingerprint == first
    assert prepared(section, label_map={"fork": "ignore"}).fingerprint != first
    masks["a"][0, 0] = 1 if masks["a"][0, 0] == 2 else 2
    folder(masks, palette)
    assert prepared(section).fingerprint != first


def test_the_sampler_and_keep_empty_follow_the_classes_that_labels_show(folder):
    masks = {"a": np.zeros(SIZE), "b": np.full(SIZE, 1), "c": np.full(SIZE, 255)}
    masks |= {name: np.zeros(SIZE) for name in "def"}
    masks["d"][0, 0] = masks["e"][0, 0] = 2
    val = {"images": "images/f.png", "masks": "masks/{stem}.png"}
    data = prepared(folder(masks, palette, ignored=[255], val=val), keep_empty=False)
    assert {record.path.stem: record.classes for record in data.records("train")} == {"b": {1}, "d": {2}, "e": {2}}
    assert [record.path.stem for record in data.records("val")] == ["f"]
    # Class 1 is in a third of the images, class 2 in two thirds: √3 + 2 √1.5 = 4.18.
    rare = prepared(data.config.model_dump(mode="json") | {"sampler": {"name": "repeat_factor", "threshold": 1.0}})
    assert rare.epoch_length == 4


class Own(InstanceData):
    """A data set of a user, as docs/EXTENDING.md has it: label images and a table for their values."""

    config_class = InstanceDataConfig
    classes = ("cup", "fork")

    def records(self, split):
        table = LabelTable({0: 255, 10: 0, 20: 1, 30: 2})
        found = []
        for number, path in enumerate(sorted(self.folder.glob("masks/*.png")), 1):
            labels = replace(label_image(path, read_values(path), table.labels, "look at the masks"), table=table)
            found.append(ImageRecord(self.folder / "images" / path.name, number, *SIZE, (), labels))
        return found


def test_a_data_set_of_a_user_has_a_table_of_its_own(folder, tmp_path):
    masks = {name: values_of(seed, [0, 10, 20, 30]) for seed, name in enumerate("abc")}
    folder(masks, palette)
    data = Own(InstanceDataConfig.model_validate_json('{"name": "own:Own", "task": "semantic", "cache": null}'), 0)
    data.folder = tmp_path
    for number, values in enumerate(masks.values(), 1):
        expected = np.select([values == 0, values == 20, values == 30], [255, 1, 2], 0)
        np.testing.assert_array_equal(data.ground_truth("train").labels(number), expected)
        np.testing.assert_array_equal(data.train()[number - 1]["labels"], expected)
    every = np.concatenate([*masks.values()])
    assert data.class_pixels().pixels.tolist() == [(every == value).sum() for value in (10, 20, 30)]
