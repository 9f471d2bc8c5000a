import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import RPNConfig
from models.mask_rcnn.rpn import select_proposals
from tests.gradients import gradients

FINE = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [40, 0, 60, 20]], np.float32)
COARSE = np.array([[0, 0, 10, 10], [-20, -20, 20, 20]], np.float32)
LOGITS = np.array([[1.0, 3.0, 2.0, -5.0, 0.0, 2.5]], np.float32)
SIZE = np.array([[50, 50]], np.int32)


def selected(logits=LOGITS, deltas=None, size=SIZE, training=False, **config):
    deltas = np.zeros((*logits.shape, 4), np.float32) if deltas is None else deltas
    logits, deltas = ops.convert_to_tensor(logits), ops.convert_to_tensor(deltas)
    result = select_proposals(logits, deltas, [FINE, COARSE], size, RPNConfig(**config), training)
    return [ops.convert_to_numpy(x) for x in result]


def test_best_first_clipped_and_duplicates_of_a_level_gone():
    boxes, valid = selected()
    # FINE[0] overlaps the better FINE[1] by 0.9 and goes; COARSE[0] is the same box, but of another level.
    expected = [FINE[1], [0, 0, 20, 20], FINE[2], COARSE[0], [40, 0, 50, 20], [0, 0, 0, 0]]
    np.testing.assert_allclose(boxes[0], expected)
    np.testing.assert_array_equal(valid, [[True] * 5 + [False]])


def test_deltas_move_the_anchors_and_are_not_weighted():
    deltas = np.zeros((1, 6, 4), np.float32)
    deltas[0, 2] = 0.5, -0.2, np.log(2), np.log(0.5)
    boxes, _ = selected(deltas=deltas)
    # Center (25, 25) moves by (5, -2), 10 × 10 becomes 20 × 5.
    np.testing.assert_allclose(boxes[0, 2], [20, 20.5, 40, 25.5], rtol=1e-6)


def test_weights_and_largest_growth_of_the_deltas_are_config():
    deltas = np.zeros((1, 6, 4), np.float32)
    deltas[0, 2] = 1, 0, 0, 9
    boxes, _ = selected(deltas=deltas, delta_weights=(2.0, 1.0, 1.0, 3.0), max_scale=1.5)
    # Center (25, 25) moves by 10 / 2; the height would grow by e³ and grows to 15.
    np.testing.assert_allclose(boxes[0, 2], [25, 17.5, 35, 32.5], rtol=1e-6)


def test_clipping_is_to_each_images_own_height_and_width():
    size = np.array([[50, 50], [12, 45]], np.int32)
    boxes, valid = selected(np.repeat(LOGITS, 2, axis=0), size=size)
    np.testing.assert_allclose(boxes[0, 1], [0, 0, 20, 20])
    np.testing.assert_allclose(boxes[1, 1], [0, 0, 20, 12])
    # FINE[2] lies below the second image: of no height, it goes.
    np.testing.assert_allclose(boxes[1, 2:4], [COARSE[0], [40, 0, 45, 12]])
    np.testing.assert_array_equal(valid.sum(1), [5, 4])


def test_a_box_that_is_too_small_suppresses_nothing():
    boxes, valid = selected(min_size=9.5)
    # FINE[1] is 9 high; without it FINE[0] stays.
    np.testing.assert_allclose(boxes[0, valid[0]], [[0, 0, 20, 20], FINE[2], FINE[0], COARSE[0], [40, 0, 50, 20]])


@pytest.mark.parametrize("threshold", [0.89, 0.91])
def test_threshold_of_nms(threshold):
    _, valid = selected(nms_iou=threshold)
    assert valid.sum() == (5 if threshold < 0.9 else 6)


def test_numbers_before_and_after_nms_in_training_and_evaluation():
    numbers = {"pre_nms_top_n_train": 1, "post_nms_top_n_train": 9, "pre_nms_top_n_eval": 9, "post_nms_top_n_eval": 2}
    trained, valid = selected(training=True, **numbers)
    np.testing.assert_allclose(trained[0], [FINE[1], [0, 0, 20, 20]])
    assert valid.all()
    evaluated, _ = selected(training=False, **numbers)
    np.testing.assert_allclose(evaluated[0], [FINE[1], [0, 0, 20, 20]])
    evaluated, _ = selected(training=False, **{**numbers, "post_nms_top_n_eval": 3})
    np.testing.assert_allclose(evaluated[0, 2], FINE[2])


def test_no_gradient_flows_back():
    def total(logits, deltas):
        return ops.sum(select_proposals(logits, deltas, [FINE, COARSE], SIZE, RPNConfig(), True)[0])

    assert not any(
        found is not None and found.any() for found in gradients(total, LOGITS, np.zeros((1, 6, 4), np.float32))
    )
