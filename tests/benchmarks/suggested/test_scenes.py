"""The data sets that suggestions are compared on."""

import json

import numpy as np
import pytest

from benchmarks.suggested.scenes import SCENES, draw, write_scene
from data_loader.coco.config import CocoDataConfig
from data_loader.coco.data import CocoData
from preparation.suggest.stats import DataStats, ratios, sides


def prepared(section):
    data = CocoData(CocoDataConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    return data


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Name → prepared data of six training images and two others."""
    root = tmp_path_factory.mktemp("scenes")
    return {name: prepared(write_scene(name, root / name, training=6, test=2)) for name in SCENES}


def stats(data):
    return DataStats.of(data.records("train"), data.classes)


def test_a_data_set_reads_back_whole(written):
    for name, data in written.items():
        assert [len(data.records(split)) for split in ("train", "val", "test")] == [6, 2, 2]
        assert data.classes == tuple(SCENES[name].shapes)
        assert all(record.objects for record in data.records("train"))


def test_each_is_of_its_nature(written):
    small, large, thin = (stats(written[name]) for name in ("many-small", "few-large", "long-thin"))
    assert small.counts.min() >= 8 and sides(small.boxes).max() < 20
    assert large.counts.max() <= 2 and np.median(sides(large.boxes)) > 70
    elongation = np.exp(np.abs(np.log(ratios(thin.boxes))))
    assert np.median(elongation) > 4 and {bool(ratio > 1) for ratio in ratios(thin.boxes)} == {True, False}


def test_the_same_seed_draws_the_same_image():
    scene = SCENES["long-thin"]
    (image, objects), (again, others) = (draw(scene, np.random.default_rng((0, 3))) for _ in range(2))
    np.testing.assert_array_equal(image, again)
    assert [category for category, _ in objects] == [category for category, _ in others]
    assert (image != draw(scene, np.random.default_rng((0, 4)))[0]).any()


@pytest.mark.parametrize("name", SCENES)
def test_objects_are_inside_and_share_no_pixel(name):
    image, objects = draw(SCENES[name], np.random.default_rng(1))
    assert image.shape == (*SCENES[name].size, 3) and image.dtype == np.uint8
    masks = np.array([mask for _, mask in objects])
    assert masks.sum(axis=0).max() == 1 and masks.any(axis=(1, 2)).all()


def test_an_object_differs_from_what_is_around_it():
    for number in range(4):
        image, objects = draw(SCENES["few-large"], np.random.default_rng(number))
        for _, mask in objects:
            assert np.abs(image[mask].mean(axis=0) - image[~mask].mean(axis=0)).max() > 15
