"""Repeat factor sampling: factors by hand, epochs of one length, positions to resume from."""

import json
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from base import rle
from base.base_data import earlier_occurrences
from data_loader.config import InstanceDataConfig
from data_loader.instance_data import InstanceData
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.sampling import repeat_factors, repeated_order

SPLIT = ((1,), (1,), (1, 2), (1,), (1,), (1,), (1,), (1, 3), (), (1,))
"""Classes of ten images: 1 in nine, 2 and 3 in one each."""


class Rows(InstanceData):
    """Ten images, each of one color and a block for each object, in memory."""

    classes = ("often", "seldom", "rare")

    def records(self, split):
        block = rle.encode(np.pad(np.ones((20, 20), np.uint8), 10))
        return [
            ImageRecord(None, number, 40, 40, tuple(ObjectRecord(category, block) for category in found))
            for number, found in enumerate(SPLIT)
        ]

    def val(self):
        return self.train()

    def train(self):
        rows, columns = np.mgrid[:40, :40]
        return [
            {
                "image": np.stack([5 * rows, 5 * columns, np.full((40, 40), 20 * number)], axis=2).astype(np.uint8),
                "boxes": np.tile(np.float32([10, 10, 30, 30]), (len(found), 1)),
                "classes": np.array(found, np.int32),
                "masks": np.pad(np.ones((len(found), 20, 20), np.uint8), ((0, 0), (10, 10), (10, 10))),
                "crowd": np.zeros(len(found), bool),
                "image_id": number,
            }
            for number, found in enumerate(SPLIT)
        ]


def rows(**keys):
    section = {"name": "rows", "image_size": [64, 64], "batch_size": 2, **keys}
    return Rows(InstanceDataConfig.model_validate_json(json.dumps(section)), seed=3)


def ids(batches):
    return [number for batch in batches for number in batch["image_id"].tolist()]


def test_factors_by_hand():
    # Of four images class 1 is in all, 2 in two, 3 in one: r = 1, sqrt(0.8 / 0.5), sqrt(0.8 / 0.25).
    found = repeat_factors([{1}, {1, 2}, {1, 2, 3}, {1}], 0.8)
    np.testing.assert_allclose(found, [1, 1.6**0.5, 3.2**0.5, 1], atol=1e-5)
    assert repeat_factors([{1}, set(), {2}], 0.1).tolist() == [1, 1, 1]
    # Class 2 is in one of 16 images; 0.25 / (1 / 16) = 4.
    assert repeat_factors([{1, 2}] + [{1}] * 15, 0.25).tolist() == [2] + [1] * 15


@pytest.mark.parametrize("seed", range(20))
def test_each_image_is_there_as_often_as_its_factor_rounded_up_or_down(seed):
    factors = np.array([1, 1.25, 2.75, 1, 1.5, 3.0, 1.0625])
    counts = np.bincount(repeated_order(factors, np.random.default_rng(seed)), minlength=7)
    assert ((counts == np.floor(factors)) | (counts == np.ceil(factors))).all()
    assert counts.sum() in (11, 12)  # the factors add up to 11.5625


def test_on_average_an_image_is_there_as_often_as_its_factor():
    factors = np.array([1, 1.25, 2.75, 1, 1.5, 3.0, 1.0625])
    rng = np.random.default_rng(0)
    counts = np.mean([np.bincount(repeated_order(factors, rng), minlength=7) for _ in range(4000)], axis=0)
    np.testing.assert_allclose(counts, factors, atol=0.03)


def test_factors_of_1_are_a_permutation():
    assert sorted(repeated_order(np.ones(9), np.random.default_rng(0)).tolist()) == list(range(9))


def test_earlier_occurrences():
    assert earlier_occurrences(np.array([5, 2, 5, 5, 0, 2])).tolist() == [0, 0, 1, 2, 0, 1]
    assert earlier_occurrences(np.array([], np.int64)).tolist() == []


def test_an_epoch_has_one_length_and_rare_classes_more_often():
    data = rows(sampler={"name": "repeat_factor", "threshold": 0.4})
    # Images 2 and 7 have a class that is in 0.1 of the images: r = sqrt(0.4 / 0.1) = 2.
    assert data.epoch_length == 12 and data.steps_per_epoch == 6
    for epoch in range(3):
        assert Counter(ids(data.train_batches(epoch))) == Counter([*range(10), 2, 7])
    assert ids(data.train_batches(0)) != ids(data.train_batches(1))


def test_without_a_sampler_each_image_is_there_once():
    data = rows()
    assert data.epoch_length == 10
    assert sorted(ids(data.train_batches(0))) == list(range(10))


def test_repeats_are_augmented_differently_and_a_resumed_epoch_is_the_same():
    data = rows(sampler={"threshold": 1.0}, augment={"scale": 1.0, "color": 0})
    whole = list(data.train_batches(4))
    images = [image.tobytes() for batch in whole for image in batch["images"]]
    assert len(images) > 10 and len(set(images)) == len(images)
    for start in (1, 3, len(whole)):
        for found, expected in zip(data.train_batches(4, start), whole[start:], strict=True):
            for key in expected:
                np.testing.assert_array_equal(found[key], expected[key])


def test_the_sampler_does_not_change_how_an_image_is_augmented_the_first_time():
    plain, sampled = rows(), rows(sampler={"threshold": 0.4})
    np.testing.assert_array_equal(plain._train_sample(1, 7)["images"], sampled._train_sample(1, 7, 0)["images"])
    assert (sampled._train_sample(1, 7, 1)["images"] != plain._train_sample(1, 7)["images"]).any()


@pytest.mark.parametrize("sampler", [{"threshold": 0}, {"threshold": 1.5}, {"name": "balanced"}, {"treshold": 0.1}])
def test_wrong_samplers(sampler):
    with pytest.raises(ValidationError):
        rows(sampler=sampler)


def test_images_are_mixed_in_the_first_epochs_only():
    mixing = rows(augment={"flip": 0, "scale": 0, "rotation": 0, "color": 0, "blur": 0, "mosaic": 1, "mix_epochs": 2})
    plain = rows(augment={"flip": 0, "scale": 0, "rotation": 0, "color": 0, "blur": 0})
    for epoch, mixed in ((0, True), (1, True), (2, False), (7, False)):
        found, expected = (data._train_sample(epoch, 1)["images"] for data in (mixing, plain))
        assert np.array_equal(found, expected) != mixed


def test_mixes_follow_seed_epoch_and_index_and_an_evaluation_has_none():
    changes = {"mosaic": 0.5, "copy_paste": 1, "cutout": 0.5, "vertical_flip": 0.5}
    data = rows(sampler={"threshold": 1.0}, augment=changes)
    whole = list(data.train_batches(4))
    for found, expected in zip(
        rows(sampler={"threshold": 1.0}, augment=changes).train_batches(4, 2), whole[2:], strict=True
    ):
        for key in expected:
            np.testing.assert_array_equal(found[key], expected[key])
    assert any((a["images"] != b["images"]).any() for a, b in zip(whole, data.train_batches(5), strict=True))
    for found, expected in zip(data.eval_batches("val"), rows(augment=None).eval_batches("val"), strict=True):
        assert found.keys() == expected.keys() and "source" not in found
        for key in expected:
            np.testing.assert_array_equal(found[key], expected[key])
