"""The config that is suggested for labels."""

import numpy as np
import pytest

from preparation.suggest import LabelStats, Machine, suggest_labels, write_suggestion
from utils.config import process_config

SECTION = {"name": "voc", "root": "data/mine", "task": "semantic"}
LAPTOP = Machine(2, 16 << 30)
GPU = Machine(8, 64 << 30, (80 << 30,), bf16=True)


def stats_of(images=400, size=(300, 400), weights=(1.0, 1.0, 4.0), images_with=(300, 200)):
    return LabelStats(
        sizes=np.array([size] * images), names=("cup", "fork"), images_with=np.array(images_with),
        weights=np.array(weights),
    )  # fmt: skip


MACHINES = {"laptop": LAPTOP, "unknown": Machine(1), "tight": Machine(2, 1 << 28), "gpu": GPU}
DATA = {
    "usual": stats_of(), "few": stats_of(3), "large": stats_of(size=(3000, 4000)), "small": stats_of(size=(20, 30)),
    "no background": stats_of(weights=(0.0, 1.0, 90.0)), "many": stats_of(20000),
}  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("data", DATA)
def test_every_suggestion_is_a_config(tmp_path, machine, data):
    write_suggestion(suggest_labels(DATA[data], SECTION, MACHINES[machine], "mine").config, tmp_path / "mine.json")
    config = process_config(tmp_path / "mine.json")
    assert (config.model.name, config.model.output_stride) == ("deeplab_v3_plus", 16)
    assert (config.model.backbone.name, config.trainer.schedule.name) == ("mobilenet_v2", "poly")
    assert config.evaluator.name == "mean_iou" and config.data.augment.scale == 1.0
    assert config.data.batch_size <= len(DATA[data].sizes)
    assert all(side % 32 == 0 for side in config.data.image_size)


def test_the_input_has_the_images_size_where_the_machine_can_pay_for_it():
    assert suggest_labels(DATA["usual"], SECTION, GPU, "a").value("data.image_size") == [320, 416]
    height, width = suggest_labels(DATA["large"], SECTION, LAPTOP, "a").value("data.image_size")
    assert height * width < 400 * 400 and width / height == pytest.approx(4 / 3, abs=0.15)


def test_classes_are_weighted_where_they_are_very_unequal():
    equal, loss = [{"name": "cross_entropy"}], {"name": "cross_entropy", "class_weights": "median_frequency"}
    assert suggest_labels(stats_of(weights=(1, 1, 49)), SECTION, LAPTOP, "a").value("model.losses") == equal
    found = suggest_labels(stats_of(weights=(1, 2, 50)), SECTION, LAPTOP, "a")
    assert found.value("model.losses") == [loss]
    assert "background has 50.0 times the pixels of fork" in found.why["model.losses"]


def test_a_long_run_is_augmented_more_and_a_small_batch_keeps_its_statistics():
    few, many = (suggest_labels(stats_of(images), SECTION, LAPTOP, "a") for images in (400, 20000))
    assert few.value("data.augment.scale_range") == [0.7, 1.5]
    assert many.value("data.augment.scale_range") == [0.5, 2.0]
    assert few.value("model.backbone.batch_norm") == "trainable"
    assert suggest_labels(stats_of(9), SECTION, LAPTOP, "a").value("model.backbone.batch_norm") == "frozen"


def test_images_with_rare_classes_are_repeated():
    found = suggest_labels(stats_of(2000, images_with=(1900, 15)), SECTION, LAPTOP, "a")
    assert found.value("data.sampler") == {"name": "repeat_factor", "threshold": 0.01}


def test_given_keys_are_kept_and_what_follows_from_them():
    found = suggest_labels(DATA["usual"], {**SECTION, "image_size": [64, 96], "batch_size": 2}, LAPTOP, "a")
    assert found.value("data.image_size") == [64, 96] and found.value("data.batch_size") == 2
    assert found.value("model.backbone.batch_norm") == "frozen"
