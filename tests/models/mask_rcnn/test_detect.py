import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import DetectConfig
from models.mask_rcnn.detect import detect
from models.ops.box_coder import BoxCoder

PROPOSALS = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [30, 30, 50, 50], [5, 20, 15, 30]], np.float32)
PROBABILITIES = np.array([[0.1, 0.6, 0.3], [0.26, 0.7, 0.04], [0.08, 0.02, 0.9], [0.01, 0.98, 0.01]])
VALID = np.array([True, True, True, False])
ORDER = [([30, 30, 40, 40], 0.9, 2), ([0, 0, 10, 9], 0.7, 1), ([0, 0, 10, 10], 0.3, 2)]
"""Box, score and class of the detections: the first is clipped to 40 × 40; the last proposal is padding."""


def found(deltas=None, size=(40, 40), proposals=PROPOSALS, **config):
    deltas = np.zeros((4, 3, 4), np.float32) if deltas is None else deltas
    logits = np.log(PROBABILITIES).astype(np.float32)
    arguments = (x[None] for x in (logits, deltas, proposals, VALID, np.array(size, np.int32)))
    result = detect(*arguments, BoxCoder(), DetectConfig(**config))
    return {name: ops.convert_to_numpy(value)[0] for name, value in result.items()}


def check(result, expected):
    boxes, scores, classes = (np.array(column, np.float32) for column in zip(*expected, strict=True))
    number = len(expected)
    np.testing.assert_allclose(result["boxes"][:number], boxes, atol=1e-5)
    np.testing.assert_allclose(result["scores"][:number], scores, rtol=1e-5)
    np.testing.assert_array_equal(result["classes"][:number], classes)
    for value in result.values():
        assert not value[number:].any(), "padding is not 0"


def test_scores_fall_and_boxes_of_two_classes_do_not_suppress_each_other():
    result = found(max_detections=6)
    assert {name: value.shape for name, value in result.items()} == {"boxes": (6, 4), "scores": (6,), "classes": (6,)}
    # Of class 1 the first proposal (0.6) goes for the second (0.7); at 0.04 and 0.02 nothing is a detection.
    check(result, ORDER)


@pytest.mark.parametrize(("score", "number"), [(0.05, 3), (0.5, 2), (0.89, 1), (0.95, 0)])
def test_score_is_a_strict_lower_bound(score, number):
    result = found(score_threshold=score)
    assert (result["classes"] > 0).sum() == number
    assert not result["scores"][number:].any() and not result["boxes"][number:].any()


def test_without_suppression_both_boxes_of_a_class_stay():
    check(found(nms_iou=0.95), [*ORDER[:2], ([0, 0, 10, 10], 0.6, 1), ORDER[2]])


def test_no_more_than_max_detections():
    result = found(max_detections=2)
    assert result["scores"].shape == (2,)
    check(result, ORDER[:2])


def test_candidates_are_the_best_pairs_of_box_and_class():
    check(found(pre_nms_top_n=3, max_detections=3), ORDER[:2])


def test_each_class_has_its_own_deltas():
    deltas = np.zeros((4, 3, 4), np.float32)
    deltas[0, 1] = 1000
    deltas[0, 2] = 10, -5, 5 * np.log(2), 5 * np.log(0.5)
    deltas[1, 0] = 1000
    # 10 × 10 at (5, 5): moved to (15, 0), made 20 × 5, cut at the top.
    check(found(deltas), [*ORDER[:2], ([5, 0, 25, 2.5], 0.3, 2)][:3])


def test_a_box_clipped_to_nothing_is_no_detection():
    check(found(size=(20, 40)), ORDER[1:])


def test_boxes_below_min_size_are_no_detections():
    check(found(min_size=9.5), [ORDER[0], ([0, 0, 10, 10], 0.6, 1), ORDER[2]])


def test_nothing_found_is_all_zeros():
    result = found(score_threshold=0.99)
    assert not any(value.any() for value in result.values())
    assert result["classes"].dtype == np.int32
