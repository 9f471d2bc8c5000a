import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, RPNConfig
from models.mask_rcnn.targets import GroundTruth, anchor_targets, roi_targets
from models.ops.kernels import tensorflow_kernels

GT = np.array([[0, 0, 10, 10], [20, 20, 40, 40]], np.float32)
NEAR = np.array([[1, 0, 11, 10], [22, 20, 42, 40], [0, 0, 10, 7], [20, 20, 40, 33]], np.float32)
FAR = np.array([[50, 50, 60, 60], [50, 0, 60, 10], [0, 50, 10, 60], [44, 44, 50, 50], [0, 12, 10, 19]], np.float32)
BOXES = np.concatenate([FAR[:3], NEAR, FAR[3:]])
"""IoU to the best object: 0, 0, 0, 9/11, 9/11, 0.7, 0.65, 0, 0."""


def ground_truth(boxes=GT, classes=(2, 1), crowd=None, pad=0):
    """One image."""
    boxes, classes = np.asarray(boxes, np.float32).reshape(-1, 4), np.asarray(classes, np.int32)
    crowd = np.zeros(len(classes), bool) if crowd is None else np.asarray(crowd)
    masks = np.zeros((len(classes) + pad, 4, 4), np.uint8)
    return GroundTruth.of(
        {
            "gt_boxes": np.pad(boxes, ((0, pad), (0, 0)))[None],
            "gt_classes": np.pad(classes, (0, pad))[None],
            "gt_crowd": np.pad(crowd, (0, pad))[None],
            "gt_masks": masks[None],
        }
    )


def noise(number, seed=0):
    return np.random.default_rng(seed).random((1, number), np.float32)


def of_anchors(objects, boxes=BOXES, seed=0, **config):
    targets = anchor_targets(boxes, objects, noise(len(boxes), seed), RPNConfig(**config), 0.5)
    return {name: ops.convert_to_numpy(value)[0] for name, value in vars(targets).items()}


def of_rois(objects, boxes=BOXES, seed=0, valid=None, **config):
    valid = np.ones(len(boxes), bool) if valid is None else valid
    draw = noise(len(boxes) + objects.boxes.shape[1], seed)
    targets = roi_targets(boxes[None], valid[None], objects, draw, BoxHeadConfig(**config), 0.5)
    return {name: ops.convert_to_numpy(value)[0] for name, value in vars(targets).items()}


def as_rows(boxes):
    return {tuple(row) for row in np.round(np.asarray(boxes, np.float64), 4).tolist()}


def test_ground_truth_counts_neither_padding_nor_crowds_as_objects():
    read = ground_truth([[0, 0, 1, 1]] * 3, (1, 2, 3), crowd=(False, True, False), pad=2)
    np.testing.assert_array_equal(read.valid, [[True, False, True, False, False]])
    np.testing.assert_array_equal(read.crowd, [[False, True, False, False, False]])


def test_anchors_above_the_threshold_are_positive_and_those_between_are_not_used():
    found = of_anchors(ground_truth(), samples=20)
    positive = found["index"][found["positive"]]
    # 3 to 5 have at least 0.7; 6 has 0.65 and is no object's best.
    assert set(positive) == {3, 4, 5}
    assert set(found["index"][found["valid"] & ~found["positive"]]) == {0, 1, 2, 7, 8}


def test_the_best_anchor_of_an_object_is_positive_whatever_its_overlap():
    found = of_anchors(ground_truth([[0, 0, 10, 19]], [1]), boxes=BOXES[[0, 5, 8]], samples=6)
    # [0, 0, 10, 7] and [0, 12, 10, 19] both overlap it by 7/19, more than anything else.
    assert set(found["index"][found["positive"]]) == {1, 2}
    assert set(found["index"][found["valid"] & ~found["positive"]]) == {0}


def test_low_quality_matches_are_config():
    objects = ground_truth([[0, 0, 10, 19]], [1])
    assert not of_anchors(objects, boxes=BOXES[[0, 5, 8]], samples=6, low_quality_matches=False)["positive"].any()


def test_deltas_of_anchors_by_hand():
    found = of_anchors(ground_truth(), samples=20)
    by_anchor = dict(zip(found["index"][found["positive"]], found["deltas"][found["positive"]], strict=True))
    np.testing.assert_allclose(by_anchor[3], [-0.1, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(by_anchor[4], [-0.1, 0, 0, 0], atol=1e-6)
    # From 10 × 7 with its center at y = 3.5 to 10 × 10 with y = 5.
    np.testing.assert_allclose(by_anchor[5], [0, 1.5 / 7, 0, np.log(10 / 7)], rtol=1e-5, atol=1e-6)
    assert not found["deltas"][~found["positive"]].any()


def test_deltas_of_anchors_are_times_the_weights_of_the_config():
    found = of_anchors(ground_truth(), samples=20, delta_weights=(2.0, 3.0, 4.0, 5.0))
    by_anchor = dict(zip(found["index"][found["positive"]], found["deltas"][found["positive"]], strict=True))
    np.testing.assert_allclose(by_anchor[5], [0, 4.5 / 7, 0, 5 * np.log(10 / 7)], rtol=1e-5, atol=1e-6)


def test_rois_by_hand():
    found = of_rois(ground_truth(), samples=40, positive_fraction=0.5)
    positive = found["positive"]
    assert as_rows(found["boxes"][positive]) == as_rows([*NEAR, *GT])
    assert as_rows(found["boxes"][found["valid"] & ~positive]) == as_rows(FAR)
    rows = {tuple(box): index for index, box in enumerate(found["boxes"].tolist()) if positive[index]}
    small, large = rows[tuple(NEAR[2].tolist())], rows[tuple(NEAR[1].tolist())]
    assert (found["classes"][small], found["matched"][small]) == (2, 0)
    assert (found["classes"][large], found["matched"][large]) == (1, 1)
    np.testing.assert_allclose(found["deltas"][small], [0, 15 / 7, 0, 5 * np.log(10 / 7)], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["deltas"][large], [-1, 0, 0, 0], atol=1e-6)
    assert not found["classes"][~positive].any() and not found["deltas"][~positive].any()


@pytest.mark.parametrize("targets", [of_anchors, of_rois])
def test_positives_come_first_and_are_at_most_their_share(targets):
    counts = set()
    for seed in range(8):
        found = targets(ground_truth(), seed=seed, samples=4, positive_fraction=0.5)
        np.testing.assert_array_equal(found["positive"], [True, True, False, False])
        assert found["valid"].all()
        counts.add(tuple(found["index"][:2]) if "index" in found else tuple(found["boxes"][:2].ravel()))
    assert len(counts) > 2, "the noise does not choose"


@pytest.mark.parametrize("targets", [of_anchors, of_rois])
def test_too_few_candidates_leave_invalid_slots_at_the_end(targets):
    found = targets(ground_truth(), samples=50, positive_fraction=0.5)
    number = found["valid"].sum()
    assert number == (8 if targets is of_anchors else 11)
    assert found["valid"][:number].all() and not found["valid"][number:].any()
    assert not (found["positive"] & ~found["valid"]).any()


@pytest.mark.parametrize("targets", [of_anchors, of_rois])
def test_padding_of_the_ground_truth_changes_nothing(targets):
    for samples in (4, 40):
        plain, padded = targets(ground_truth(), samples=samples), targets(ground_truth(pad=5), samples=samples)
        np.testing.assert_array_equal(plain["valid"], padded["valid"])
        for name, value in plain.items():
            used = plain["valid"]
            np.testing.assert_array_equal(value[used], padded[name][used], err_msg=name)


def test_anchors_are_compared_up_to_the_last_entry_of_any_image():
    objects = ground_truth(pad=5)
    if tensorflow_kernels():
        assert objects.without_padding().boxes.shape == (1, 2, 4)
    gap = ground_truth([GT[0], [0, 0, 0, 0], GT[1]], (2, 0, 1), pad=3)
    plain, found = of_anchors(ground_truth(), samples=40), of_anchors(gap, samples=40)
    for name, value in plain.items():
        np.testing.assert_array_equal(value, found[name], err_msg=name)


@pytest.mark.parametrize("targets", [of_anchors, of_rois])
@pytest.mark.parametrize("padding", [1, 4])
def test_an_image_without_objects_gives_only_negatives(targets, padding):
    found = targets(ground_truth(np.zeros((0, 4)), (), pad=padding), samples=6, positive_fraction=0.5)
    assert found["valid"].all() and not found["positive"].any()
    for value in found.values():
        assert np.isfinite(value).all()
    assert not found["deltas"].any()
    if "boxes" in found:
        assert as_rows(found["boxes"]) <= as_rows(BOXES), "padding became a candidate"


@pytest.mark.parametrize("targets", [of_anchors, of_rois])
def test_a_crowd_region_is_neither_positive_nor_negative(targets):
    crowd = np.array([[0, 45, 61, 61], [19, 19, 43, 41]], np.float32)
    objects = ground_truth([GT[0], *crowd], (1, 1, 1), crowd=(False, True, True))
    found = targets(objects, samples=40, positive_fraction=0.5)
    boxes = BOXES[found["index"]] if "index" in found else found["boxes"]
    used, positive = as_rows(boxes[found["valid"]]), as_rows(boxes[found["positive"]])
    # In the crowds lie (0, 2) of BOXES by the first, 4 and 6 by the second; 7 is covered by 5 / 6 of the first.
    left_out = as_rows(BOXES[[0, 2, 4, 6, 7]])
    assert not used & left_out
    assert positive <= as_rows([BOXES[3], BOXES[5], GT[0]])
    assert as_rows(BOXES[[1, 8]]) <= used
    assert not as_rows(crowd) & used


def test_an_object_within_a_crowd_stays_positive():
    objects = ground_truth([GT[0], [0, 0, 64, 64]], (1, 1), crowd=(False, True))
    found = of_rois(objects, samples=10, positive_fraction=0.5)
    assert as_rows(found["boxes"][found["positive"]]) == as_rows([BOXES[3], BOXES[5], GT[0]])
    assert found["valid"].sum() == 3


def test_the_objects_own_boxes_are_candidates():
    found = of_rois(ground_truth(), boxes=FAR, samples=8, positive_fraction=0.5)
    assert as_rows(found["boxes"][found["positive"]]) == as_rows(GT)
    np.testing.assert_array_equal(sorted(found["classes"][found["positive"]]), [1, 2])
    assert not found["deltas"].any()


def test_the_box_of_a_crowd_is_no_candidate():
    """Not even where it overlaps an object so much that it would be a positive."""
    objects = ground_truth([GT[0], [0, 0, 10, 12]], (1, 1), crowd=(False, True))
    found = of_rois(objects, boxes=FAR[:2], samples=8, positive_fraction=0.5)
    assert as_rows(found["boxes"][found["valid"]]) == as_rows([GT[0], *FAR[:2]])


def test_deltas_of_rois_are_times_the_weights_of_the_config():
    found = of_rois(
        ground_truth(), boxes=NEAR[1:2], samples=8, positive_fraction=0.5, delta_weights=(2.0, 3.0, 4.0, 5.0)
    )
    row = found["boxes"].tolist().index(NEAR[1].tolist())
    np.testing.assert_allclose(found["deltas"][row], [-0.2, 0, 0, 0], atol=1e-6)


def test_a_proposal_that_is_not_valid_is_never_drawn():
    valid = np.array([True, False] * 4 + [True])
    found = of_rois(ground_truth(), valid=valid, samples=40)
    drawn = as_rows(found["boxes"][found["valid"]])
    assert drawn == as_rows([*BOXES[valid], *GT])


def test_a_box_of_no_size_gives_finite_targets():
    boxes = np.concatenate([BOXES, [[5, 5, 5, 5]]]).astype(np.float32)
    for found in (
        of_rois(ground_truth(pad=1), boxes=boxes, samples=40),
        of_anchors(ground_truth(pad=1), boxes=boxes, samples=40),
    ):
        assert all(np.isfinite(value).all() for value in found.values())
