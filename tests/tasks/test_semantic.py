"""The task of semantic segmentation: batches, samples, results, images and tables."""

import math

import numpy as np
import pytest

from base.batch import IGNORE, DataSpec
from base.task import load_task
from data_loader.config import AugmentConfig, InstanceDataConfig
from evaluation.config import MeanIoUConfig
from evaluation.mean_iou import MeanIoUEvaluator
from inference.drawing import palette
from tasks.instance import InstanceTask
from tasks.semantic import SemanticTask
from tests.evaluation.label_cases import NAMES, batches, random_labels, truth_of

SPEC = DataSpec("semantic", ("a", "b", "c"), (96, 128))
TASK = SemanticTask()


def config(flip):
    augment = AugmentConfig(flip=flip, scale=0.0, rotation=0.0, color=0.0, blur=0.0)
    return InstanceDataConfig(name="x", image_size=(64, 48), augment=augment)


def sample(height=30, width=40, seed=0):
    """An image whose red is the label times 60, so that both can be compared after any change."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.repeat(rng.integers(0, 4, (height // 10, width // 10)), 10, 0), 10, 1).astype(np.uint8)
    image = np.stack([labels * 60, *np.full((2, height, width), 9, np.uint8)], axis=-1)
    return {"image": image, "labels": labels, "image_id": 7}


def test_the_registered_task_is_this_one():
    assert type(load_task("semantic")) is SemanticTask
    assert TASK.inputs({"images": 1, "labels": 2}) == {"images": 1}
    assert TASK.limits(config(0)) == {}


def test_results_are_made_as_they_were_evaluated():
    assert TASK.soft and TASK.as_evaluated({}).soft
    hard = TASK.as_evaluated({"name": "mean_iou", "resize": "labels"})
    assert not hard.soft
    probabilities = np.zeros((1, 96, 128, 4), np.float32)
    probabilities[..., 2] = 1
    batch = TASK.dummy_batch(SPEC, 1)
    predictions = {"labels": np.ones((1, 96, 128), np.int32), "probabilities": probabilities}
    assert TASK.results(predictions, batch, SPEC)[0].shares == {"b": 1.0}
    assert hard.results(predictions, batch, SPEC)[0].shares == {"a": 1.0}


def test_a_subclass_with_a_constructor_of_its_own_stays_what_it_is():
    class Mine(SemanticTask):
        def __init__(self, names):
            super().__init__()
            self.names = names

    mine = Mine(["a"])
    hard = mine.as_evaluated({"resize": "labels"})
    assert isinstance(hard, Mine) and hard.names == ["a"] and not hard.soft
    assert mine.soft, "the task that was asked is left as it was"
    assert not hard.as_evaluated({}).soft


def test_a_dummy_batch_keeps_the_contract():
    batch = TASK.dummy_batch(SPEC, 4, seed=3)
    assert {key: (value.shape, value.dtype.name) for key, value in batch.items()} == TASK.shapes(SPEC, 4)
    assert {"images", "labels"} == TASK.shapes(SPEC, 4).keys() - InstanceTask().shapes(instance_spec(), 4).keys() | {
        "images"
    }
    assert batch["image_size"][0].tolist() == [96, 128] and (batch["image_size"][1:] < (96, 128)).any()
    for labels, image, (height, width) in zip(batch["labels"], batch["images"], batch["image_size"], strict=True):
        inside = np.zeros(labels.shape, bool)
        inside[:height, :width] = True
        np.testing.assert_array_equal(labels == IGNORE, ~inside)
        assert not image[~inside].any()
        region = inside & (labels > 0)
        assert 0.02 < region.mean() < 0.9
        assert (image[region] >= 128).all() and (image[inside & (labels == 0)] < 128).all()
    assert set(np.unique(TASK.dummy_batch(SPEC, 30)["labels"])) == {0, 1, 2, 3, IGNORE}


def instance_spec():
    return DataSpec("instance", SPEC.classes, SPEC.image_size, {"max_objects": 3})


def test_more_classes_than_a_byte_holds_are_refused():
    with pytest.raises(ValueError, match="254 at most"):
        TASK.shapes(DataSpec("semantic", tuple(map(str, range(255))), (32, 32)), 1)


def test_a_training_sample_has_labels_where_its_pixels_are():
    made = TASK.prepare(sample(), config(0.0), np.random.default_rng(0))
    assert made["images"].shape == (64, 48, 3) and made["labels"].dtype == np.int32
    assert made["image_size"].tolist() == [36, 48] and made["image_id"] == 7
    assert (made["labels"][36:] == IGNORE).all() and not made["images"][36:].any()
    inside = made["labels"][:36]
    # Within two pixels of a border between two blocks the red is a mixture.
    sure = np.ones((36, 48), bool)
    for edge in (12, 24, 36):
        sure[max(0, edge - 2) : edge + 2] = False
        sure[:, edge - 2 : edge + 2] = False
    assert sure.sum() > 500
    np.testing.assert_array_equal(made["images"][:36, :, 0][sure], 60 * inside[sure])


def test_a_flip_moves_pixels_and_labels_together():
    straight = TASK.prepare(sample(), config(0.0), np.random.default_rng(0))
    flipped = TASK.prepare(sample(), config(1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(flipped["labels"][:36], straight["labels"][:36, ::-1])
    np.testing.assert_array_equal(flipped["images"][:36], straight["images"][:36, ::-1])
    kinds = {tuple(TASK.prepare(sample(), config(0.5), np.random.default_rng(n))["labels"][5]) for n in range(20)}
    assert len(kinds) == 2


def test_a_sample_of_an_evaluation_has_labels_and_is_not_flipped():
    made = TASK.prepare(sample(), config(1.0), None)
    assert made.keys() == TASK.shapes(SPEC, 1).keys() - {"valid"}
    straight = TASK.prepare(sample(), config(0.0), np.random.default_rng(0))
    np.testing.assert_allclose(made["images"].astype(int), straight["images"], atol=1)  # one is resized, one warped
    assert made["original_size"].tolist() == [30, 40] and made["image_size"].tolist() == [36, 48]


def test_results_are_label_maps_of_the_valid_images_in_their_own_pixels():
    _, found = random_labels()
    spec = DataSpec("semantic", NAMES, (104, 104), category_ids=(2, 4, 6, 8))
    (first, *_, last) = batches(found, 3)
    results = TASK.results(first[1], first[0], spec)
    assert len(results) == 3 and all(one.category_ids == (2, 4, 6, 8) for one in results)
    for one, labels in zip(results, found, strict=False):
        np.testing.assert_array_equal(one.labels, labels)
    assert len(TASK.results(last[1], last[0], spec)) == 1


def test_what_is_predicted_is_what_is_measured():
    truth, found = random_labels()
    sizes = [(2 * height + 1, 3 * width) for height, width in (labels.shape for labels in found)]
    spec = DataSpec("semantic", NAMES, (104, 104))
    maps = [one for batch, guess in batches(found, 2, sizes=sizes) for one in TASK.results(guess, batch, spec)]
    perfect = MeanIoUEvaluator(MeanIoUConfig(), truth_of([one.labels for one in maps]))
    for batch, guess in batches(found, 3, sizes=sizes):
        perfect.update(batch, guess)
    assert perfect.result()["mIoU"] == 1 and len(maps) == len(truth)


def test_prediction_and_ground_truth_are_drawn_side_by_side():
    truth, found = random_labels(sizes=((48, 64), (10, 11)))
    truth[1][:] = 2
    spec = DataSpec("semantic", NAMES, (104, 104))
    ((batch, guess),) = batches(found, 4)
    batch["images"] = np.full((4, 104, 104, 3), 90, np.uint8)
    drawn = TASK.draw(batch, guess, truth_of(truth), spec)
    assert len(drawn) == 2 and all(one.dtype == np.uint8 for one in drawn)
    assert drawn[0].shape[1] > 2 * 640
    right = drawn[1][-100:, -400:]
    tone = right.reshape(-1, 3).mean(0) - 90
    assert (np.sign(tone) == np.sign(palette(2)[1].astype(int) - 90)).all(), "the second class everywhere"


def test_tables_have_the_means_all_else_and_a_row_for_each_class():
    truth, found = random_labels()
    one = MeanIoUEvaluator(MeanIoUConfig(), truth_of(truth))
    for batch, guess in batches(found, 3):
        one.update(batch, guess)
    metrics = one.result() | {"images_per_second": 3.5}
    means, others, classes = TASK.tables(metrics)
    assert means.head[1:] == ("mIoU", "boundary mIoU", "Dice", "accuracy", "of pixels", "weighted IoU")
    assert means.rows[0][1] == metrics["mIoU"] and means.rows[0][5] == metrics["pixel_accuracy"]
    assert others.rows == (("images_per_second", 3.5),)
    assert classes.head == ("class", "IoU", "boundary IoU", "accuracy", "Dice")
    assert [row[0] for row in classes.rows] == ["background", *NAMES]
    assert classes.rows[2][1:] == tuple(metrics[f"{kind}/dog"] for kind in ("IoU", "boundary_IoU", "accuracy", "Dice"))
    assert math.isnan(classes.rows[3][1])
    assert TASK.per_class(metrics)["IoU"]["cat"] == metrics["IoU/cat"]
    assert next(iter(TASK.per_class(metrics))) == "IoU"
    assert TASK.tables({}) == []


def test_the_monitor_and_the_curves_are_metrics():
    names = MeanIoUEvaluator(MeanIoUConfig(), truth_of(random_labels()[0])).names
    assert {TASK.monitor, *TASK.curves} <= set(names)
