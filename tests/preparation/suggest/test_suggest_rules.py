"""What is chosen for which data and which machine."""

from dataclasses import replace

import numpy as np
import pytest

from preparation.suggest import DataStats, Machine
from preparation.suggest.capacity import choose_detections, choose_max_objects, choose_samples
from preparation.suggest.choice import Choice, assemble
from preparation.suggest.cost import pixel_budget, seconds
from preparation.suggest.input_size import choose_image_size
from preparation.suggest.network import choose_anchors, choose_backbone, choose_levels, choose_pooling
from preparation.suggest.schedule import choose_augmentation, choose_batch, choose_sampling, choose_training
from preparation.suggest.stats import extents
from tests.preparation.suggest.data import CAMERA, squares, stats_of

KINDS = ("cup", "fork", "spoon")
LAPTOP = Machine(cores=2, memory=16 << 30)
SERVER = Machine(cores=32, memory=128 << 30, bf16=True)
WITH_GPU = Machine(cores=8, memory=64 << 30, gpus=(24 << 30,), bf16=True)


def values(choices):
    return {choice.key: choice.value for choice in choices}


def size_of(stats, machine=LAPTOP):
    return choose_image_size(stats, machine)[0]


def test_large_objects_need_no_large_input():
    # 320 px of 640: at half the size they still measure 160.
    assert size_of(stats_of(squares(320, 50))) == (256, 320)


def test_small_objects_get_all_pixels_of_the_budget():
    height, width = size_of(stats_of(squares(10, 50)))
    assert 0.95 * pixel_budget(1, LAPTOP) < height * width <= 1.05 * pixel_budget(1, LAPTOP)
    assert width > height


def test_small_objects_of_small_images_are_made_larger_at_most_twice():
    sizes = [(96, 128)]
    assert size_of(stats_of(squares(12, 50, (96, 128)), sizes=sizes)) == (128, 192)  # 16 px, in multiples of 32
    assert size_of(stats_of(squares(3, 50, (96, 128)), sizes=sizes)) == (192, 256)


def test_medium_objects_are_never_made_larger():
    assert size_of(stats_of(squares(60, 50, (224, 224)), sizes=[(224, 224)])) == (224, 224)


def test_thin_objects_count_by_their_short_side():
    thin = np.array([[0, 0, 100, 4], [0, 0, 10, 10], [0, 0, 20, 8]], np.float64)
    np.testing.assert_allclose(extents(thin), [8, 10, np.sqrt(160)])


def test_images_of_both_orientations_get_a_square():
    stats = stats_of(squares(10, 60, (480, 480)), sizes=[(480, 640), (640, 480)])
    height, width = size_of(stats)
    assert height == width


@pytest.mark.parametrize("machine", [LAPTOP, SERVER, WITH_GPU], ids=["laptop", "server", "gpu"])
@pytest.mark.parametrize("size", [CAMERA, (2000, 3000), (50, 3000)])
def test_every_input_is_in_multiples_of_32_within_the_budget(machine, size):
    height, width = size_of(stats_of(squares(20, 30, (50, 50)), sizes=[size]), machine)
    assert height % 32 == width % 32 == 0
    assert min(height, width) >= 32 and height * width <= 1.05 * pixel_budget(1, machine)


def test_every_object_is_learned_where_there_is_memory():
    stats = stats_of(squares(20, 25), image=[0] * 20 + [1] * 5, sizes=[CAMERA] * 2, crowds=[3, 0])
    choice = choose_max_objects(stats, LAPTOP, (320, 416), batch_size=4)
    assert choice.value == 23
    assert "fullest image has 23 objects, a mean one 14.0" in choice.why


def test_the_memory_limits_the_objects():
    stats = stats_of(squares(20, 400), image=[0] * 400)
    # A twentieth of 1 GB, four masks of 250,000 pixels to an object: 50 objects.
    choice = choose_max_objects(stats, Machine(2, 1_000_000_000), (500, 500), batch_size=4)
    assert choice.value == 50
    assert "350 of 400 objects are left out" in choice.why


def test_there_are_more_detections_than_objects():
    one, many = stats_of(squares(90, 1)), stats_of(squares(9, 300))
    few = values(choose_detections(one, max_objects=1))
    assert few["model.detect.max_detections"] == 10 and "evaluator.max_detections" not in few
    most = values(choose_detections(many, max_objects=300))
    assert most["model.detect.max_detections"] == 450 and most["evaluator.max_detections"] == [1, 10, 450]
    assert most["model.detect.pre_nms_top_n"] >= 450


def test_many_classes_lower_the_threshold_of_the_score():
    stats = stats_of(squares(90, 5), names=[f"class {number}" for number in range(80)])
    assert values(choose_detections(stats, 1))["model.detect.score_threshold"] < 0.05
    assert "model.detect.score_threshold" not in values(choose_detections(stats_of(squares(90, 5)), 1))


def test_more_objects_get_more_samples():
    few = values(choose_samples(stats_of(squares(90, 1)), LAPTOP))
    many = values(choose_samples(stats_of(squares(9, 30)), LAPTOP))
    assert few["model.rpn.samples"] == 64 and many["model.rpn.samples"] == 256
    assert all(few[key] <= many[key] for key in few if isinstance(few[key], int))
    assert few["model.mask_head.samples"] == 8 and many["model.mask_head.samples"] == 32
    medium = values(choose_samples(stats_of(squares(9, 14)), LAPTOP))
    assert medium["model.mask_head.samples"] == 32  # two for each object


@pytest.mark.parametrize(
    ("side", "min_level", "extra"),
    [(20, 2, False), (60, 2, False), (120, 3, False), (250, 3, True)],
    ids=["small", "medium", "large", "huge"],
)
def test_levels_follow_the_objects(side, min_level, extra):
    fpn, choices = choose_levels(squares(side, 40), LAPTOP)
    assert (fpn.min_level, fpn.extra_level) == (min_level, extra)
    assert values(choices)["model.fpn.min_level"] == min_level


def test_a_gpu_trains_the_whole_pyramid_of_resnet():
    fpn, _ = choose_levels(squares(60, 40), WITH_GPU)
    assert fpn.levels == (2, 3, 4, 5, 6) and fpn.channels == 256
    found = values(choose_backbone(stats_of(squares(60, 40)), WITH_GPU, batch_size=8))
    assert found["model.backbone.name"] == "resnet50" and found["model.backbone.batch_norm"] == "frozen"


def test_a_small_cpu_trains_mobilenet():
    def backbone(images, batch_size):
        found = values(choose_backbone(stats_of(squares(60, 40), sizes=[CAMERA] * images), LAPTOP, batch_size))
        assert found["model.backbone.name"] == "mobilenet_v2"
        return found["model.backbone.frozen_stages"], found["model.backbone.batch_norm"]

    assert backbone(100, batch_size=4) == (2, "frozen")
    assert backbone(3000, batch_size=4) == (0, "trainable")
    assert backbone(3000, batch_size=2) == (0, "frozen")


def test_the_reason_of_anchors_has_their_recall_and_that_of_the_defaults():
    fpn, _ = choose_levels(squares(14, 40), LAPTOP)
    sizes = next(c for c in choose_anchors(squares(14, 200, seed=2), fpn, CAMERA) if c.key.endswith("anchor_sizes"))
    assert "100.0% have an anchor of IoU 0.5 or more" in sizes.why
    assert "with the default anchors 0.0% and 0.0% would" in sizes.why


def test_boxes_without_a_good_anchor_lower_the_positive_iou():
    fpn, _ = choose_levels(squares(5, 40), LAPTOP)
    assert values(choose_anchors(squares(5, 300), fpn, CAMERA))["model.rpn.positive_iou"] < 0.7


def test_the_levels_of_pooling_are_named():
    boxes = np.concatenate([squares(60, 30), squares(150, 10)])
    fpn, _ = choose_levels(squares(20, 40), LAPTOP)
    assert choose_pooling(boxes, fpn)[0].why == (  # 150 < 224 = P4's smallest
        "75% from P2, 25% from P3: 100% of the boxes have 14 to 28 cells of their level, for the 28 of a mask."
    )


def test_boxes_beyond_the_levels_are_not_said_to_have_as_many_cells_as_the_others():
    boxes = np.concatenate([squares(20, 30), squares(60, 50), squares(2000, 20, within=(3000, 3000))])
    fpn, _ = choose_levels(squares(20, 40), LAPTOP)
    assert choose_pooling(boxes, fpn)[0].why == (
        "80% from P2, 20% from P5: 50% of the boxes have 14 to 28 cells of their level, for the 28 of a mask, "
        "30% are smaller than 14 cells of P2, 20% are larger than 28 cells of P5."
    )


def test_the_batch_is_limited_by_images_and_memory():
    def batch(images, machine, size=(320, 320)):
        return choose_batch(stats_of(squares(60, 40), sizes=[CAMERA] * images), machine, size)[0]

    assert batch(1000, LAPTOP) == 4
    assert batch(20, LAPTOP) == 2 and batch(3, LAPTOP) == 1
    assert batch(1000, Machine(2, 3 << 30)) == 2  # 0.8 × 3.2 GB - 1.5 GB, 0.31 GB an image: three
    assert batch(1000, Machine(2, 1 << 30)) == 1
    assert batch(1000, WITH_GPU, (800, 1344)) == 2 and batch(1000, WITH_GPU, (512, 512)) == 8
    assert batch(1000, Machine(2)) == 4


def training(images, machine=LAPTOP, batch_size=4):
    stats = stats_of(squares(60, 40), sizes=[CAMERA] * images)
    return choose_training(stats, machine, (512, 512), batch_size)


def test_a_run_has_enough_updates():
    assert values(training(4000))["trainer.epochs"] == values(training(3301))["trainer.epochs"] == 10
    assert values(training(400))["trainer.epochs"] == 30  # 3,000 updates of 100 an epoch
    assert values(training(115))["trainer.epochs"] == 108  # of 28
    assert values(training(400))["trainer.validate_every"] == 3
    assert values(training(2, batch_size=1))["trainer.epochs"] == 300


def test_the_time_is_that_of_the_machine():
    epochs = next(choice for choice in training(4000) if choice.key == "trainer.epochs")
    # 40,000 images of 0.38 s on two cores; four cores take half.
    assert epochs.why == "4,000 images, 10,000 updates of 4 in all: about 4.2 hours here."
    assert seconds(100, 512 * 512, Machine(4)) == pytest.approx(seconds(100, 512 * 512, LAPTOP) / 2)
    assert seconds(100, 512 * 512, WITH_GPU) < seconds(100, 512 * 512, SERVER) < seconds(100, 512 * 512, LAPTOP)


def test_more_images_make_the_input_smaller():
    few, many = (size_of(stats_of(squares(20, 60), sizes=[CAMERA] * images)) for images in (100, 4000))
    assert few == (448, 576)
    assert many[0] * many[1] < few[0] * few[1] / 2


def test_the_optimizer_goes_with_the_batch():
    small, large = values(training(4000)), values(training(4000, WITH_GPU))
    assert (small["trainer.optimizer.name"], small["trainer.optimizer.learning_rate"]) == ("adamw", 0.001)
    assert (large["trainer.optimizer.name"], large["trainer.optimizer.learning_rate"]) == ("sgd", 0.005)
    assert values(training(400))["trainer.optimizer.learning_rate"] == 0.0007
    assert (small["trainer.precision"], large["trainer.precision"]) == ("float32", "mixed_bfloat16")


@pytest.mark.parametrize(
    ("machine", "precision"),
    [(LAPTOP, "float32"), (replace(LAPTOP, bf16=True), "float32"), (SERVER, "mixed_bfloat16")],
)
def test_only_a_large_machine_trains_in_bfloat16(machine, precision):
    assert values(training(400, machine))["trainer.precision"] == precision
    assert seconds(100, 512 * 512, replace(LAPTOP, bf16=True)) == seconds(100, 512 * 512, LAPTOP)


def test_small_objects_are_not_made_smaller():
    def jitter(side, images=4000):
        stats = stats_of(squares(side, 40), sizes=[CAMERA] * images)
        return values(choose_augmentation(stats, CAMERA, 4))["data.augment.scale_range"]

    assert jitter(60) == [0.8, 1.25] and jitter(9) == [0.89, 1.25]
    assert jitter(60, images=100) == [0.9, 1.1]


def test_a_short_run_changes_its_images_little():
    short, long = (
        values(choose_augmentation(stats_of(squares(60, 40), sizes=[CAMERA] * images), CAMERA, 4))
        for images in (100, 4000)
    )
    assert short["data.augment.color"] == short["data.augment.rotation"] == 0
    assert "data.augment.color" not in long and long["data.augment.rotation"] > 0


def test_images_with_rare_classes_are_repeated():
    def sampling(images):
        # Cups are in every image but one, which has two forks and no spoon.
        stats = stats_of(squares(60, images + 1), [*range(images), 0], [CAMERA] * images, None, KINDS)
        return choose_sampling(replace(stats, classes=np.array([2] + [1] * (images - 1) + [2])))

    assert sampling(50) == []
    (choice,) = sampling(2000)
    assert choice.value == {"name": "repeat_factor", "threshold": 0.01}
    assert choice.why.startswith("1 of 3 classes are in fewer than 1% of the images, fork in 1:")
    assert choose_sampling(stats_of(squares(60, 2000), sizes=[CAMERA] * 2000)) == []


def test_what_is_given_is_kept():
    given = {"data": {"image_size": [64, 64]}}
    found = assemble(given, [Choice("data.image_size", [32, 32], "small"), Choice("model.fpn.channels", 96, "narrow")])
    assert found.config == {"data": {"image_size": [64, 64]}, "model": {"fpn": {"channels": 96}}}
    assert found.why == {"model.fpn.channels": "narrow"}
    assert given == {"data": {"image_size": [64, 64]}}


def test_counts_and_scales_of_images():
    stats = stats_of([[0, 0, 10, 20]] * 3, image=[1, 1, 3], sizes=[(100, 200), (50, 50), (80, 40), (64, 32)])
    assert stats.counts.tolist() == [0, 2, 0, 1]
    np.testing.assert_allclose(stats.fits((64, 64)), [0.32, 1.28, 0.8, 1.0])
    np.testing.assert_allclose(stats.scaled((64, 64))[:, 3], [25.6, 25.6, 20])
    assert isinstance(stats, DataStats)
