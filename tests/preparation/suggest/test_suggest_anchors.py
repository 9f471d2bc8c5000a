"""Anchors fitted to boxes, and the recall that is said of them."""

import numpy as np
import pytest

from models.ops.anchors import AnchorGenerator
from preparation.suggest.anchors import Anchors, best_ious, fit_anchors, recall

SIZE, STRIDES = (96, 160), (4, 8, 16)
ANCHORS = Anchors(((12.0, 17.0), (30.0, 41.0), (64.0, 90.0)), (0.4, 1.0, 3.0))


def all_anchors():
    shapes = [(-(-SIZE[0] // stride), -(-SIZE[1] // stride)) for stride in STRIDES]
    return np.concatenate(AnchorGenerator(ANCHORS.sizes, ANCHORS.aspect_ratios).grid(STRIDES, shapes))


def iou(box, others):
    shared = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    return shared / (areas + (box[2:] - box[:2]).prod() - shared)


def random_boxes(number, seed=0):
    rng = np.random.default_rng(seed)
    sides = rng.uniform(4, 90, (number, 2))
    corner = rng.uniform(0, 1, (number, 2)) * (np.array(SIZE[::-1]) - sides)
    return np.concatenate([corner, corner + sides], axis=1)


def test_the_best_anchor_is_that_of_the_whole_grid():
    boxes = random_boxes(300)
    expected = [iou(box, all_anchors()).max() for box in boxes]
    np.testing.assert_allclose(best_ious(boxes, ANCHORS, STRIDES, SIZE), expected, atol=1e-6)


def test_recall_counts_the_boxes_at_0_5_and_at_0_7():
    # The only anchor of a cell is 16×16 about multiples of 8: IoU 1, 8/16, 256/400 and none.
    boxes = np.array([[8, 8, 24, 24], [8, 8, 24, 16], [6, 6, 26, 26], [0, 0, 2, 2]], np.float64)
    assert recall(boxes, Anchors(((16.0,),), (1.0,)), (8,), SIZE) == (0.75, 0.25)


def test_boxes_of_two_sizes_get_anchors_of_these_sizes():
    centers = np.random.default_rng(0).integers(3, 9, (60, 2)) * 8.0
    halves = np.repeat([8.0, 20.0], 30)[:, None]
    boxes = np.concatenate([centers - halves, centers + halves], axis=1)
    anchors = fit_anchors(boxes, (4, 8), SIZE)
    assert anchors == Anchors(((16.0,), (40.0,)), (1.0,))
    assert recall(boxes, anchors, (4, 8), SIZE) == (1.0, 1.0)


def test_thin_boxes_get_thin_anchors():
    rng = np.random.default_rng(1)
    long, thin = rng.uniform(50, 80, 200), rng.uniform(5, 8, 200)
    upright = rng.random(200) < 0.5
    sides = np.where(upright[:, None], np.stack([thin, long], 1), np.stack([long, thin], 1))
    corner = rng.uniform(0, 1, (200, 2)) * (np.array(SIZE[::-1]) - sides)
    boxes = np.concatenate([corner, corner + sides], axis=1)
    anchors = fit_anchors(boxes, STRIDES, SIZE)
    assert min(anchors.aspect_ratios) < 0.15 and max(anchors.aspect_ratios) > 7
    before, _ = recall(boxes, ANCHORS, STRIDES, SIZE)
    after, _ = recall(boxes, anchors, STRIDES, SIZE)
    assert before < 0.1 and after > 0.9


def test_fitted_anchors_reach_more_than_any_of_its_beginnings():
    boxes = random_boxes(400, seed=3)
    fitted = best_ious(boxes, fit_anchors(boxes, STRIDES, SIZE), STRIDES, SIZE).mean()
    assert fitted > best_ious(boxes, Anchors(((16.0,), (32.0,), (64.0,)), (0.5, 1.0, 2.0)), STRIDES, SIZE).mean()


def test_the_same_boxes_give_the_same_anchors():
    boxes = random_boxes(200, seed=4)
    assert fit_anchors(boxes, STRIDES, SIZE) == fit_anchors(boxes, STRIDES, SIZE)


@pytest.mark.parametrize("number", [1, 2])
def test_few_boxes_are_enough(number):
    boxes = random_boxes(number)
    anchors = fit_anchors(boxes, STRIDES, SIZE)
    assert len(anchors.sizes) == 3 and list(anchors.aspect_ratios) == sorted(set(anchors.aspect_ratios))
    assert recall(boxes, anchors, STRIDES, SIZE)[0] == 1.0


def test_sizes_ascend_over_the_levels():
    sizes = [size for level in fit_anchors(random_boxes(300, seed=5), STRIDES, SIZE).sizes for size in level]
    assert sizes == sorted(sizes)


def test_boxes_of_a_pixel_have_anchors():
    for width, height in ((900, 1), (1, 900)):
        boxes = np.array([[0, 0, width, height]], np.float64)
        found = fit_anchors(boxes, (4, 8), (1024, 1024))
        assert min(found.aspect_ratios) > 0 and best_ious(boxes, found, (4, 8), (1024, 1024)).min() > 0
