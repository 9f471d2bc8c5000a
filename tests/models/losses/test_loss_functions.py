import math

import numpy as np
import pytest
from keras import ops

from models.losses.functional import binary_cross_entropy, smooth_l1, softmax_cross_entropy, weighted_mean


def test_weighted_mean_and_its_normalizers():
    loss, weight = np.float32([1, 2, 4]), np.float32([1, 0, 0.5])
    assert float(weighted_mean(loss, weight)) == pytest.approx(3 / 1.5)
    assert float(weighted_mean(loss, weight, 6)) == pytest.approx(0.5)
    assert float(weighted_mean(loss, np.zeros(3, bool))) == 0
    assert float(weighted_mean(loss, weight, 0)) == 0


def test_weight_zero_silences_what_is_not_finite():
    assert float(weighted_mean(np.float32([1, np.inf, np.nan]), np.float32([1, 0, 0]))) == 1


def test_the_weight_is_counted_after_broadcasting():
    assert float(weighted_mean(np.ones((2, 4), np.float32), np.float32([[1], [0]]))) == 1


def test_binary_cross_entropy_by_hand():
    logits = np.float32([0, math.log(3), math.log(3)])
    expected = (math.log(2) - math.log(0.75) - 0.5 * (math.log(0.75) + math.log(0.25))) / 3
    result = binary_cross_entropy(logits, np.float32([1, 1, 0.5]), np.ones(3))
    assert float(result) == pytest.approx(expected, rel=1e-6)


def test_binary_cross_entropy_of_extreme_logits():
    result = binary_cross_entropy(np.float32([1e4, -1e4, 80]), np.float32([0, 1, 1]), np.float32([1, 1, 1]), 1)
    assert float(result) == pytest.approx(2e4)


def test_softmax_cross_entropy_by_hand():
    logits = np.float32([[0, 0, math.log(2)], [1e4, 0, 0], [5, 5, 5]])
    result = softmax_cross_entropy(logits, np.int32([2, 0, 1]), np.float32([1, 1, 0]), 1)
    assert float(result) == pytest.approx(math.log(2), rel=1e-6)


def test_smooth_l1_on_both_sides_of_beta():
    prediction, target = np.float32([0.5, -3, 1]), np.float32([0, 0, 1])
    result = smooth_l1(prediction, target, np.ones(3), beta=1.0, normalizer=1)
    assert float(result) == pytest.approx(0.125 + 2.5)
    assert float(smooth_l1(prediction, target, np.ones(3), beta=0.0, normalizer=1)) == pytest.approx(3.5)


def test_half_precision_is_summed_in_float32():
    # In float16 the sum would end at 2048, where 1 is no longer added.
    ones = np.ones(5000, np.float16)
    assert float(smooth_l1(ones, 0 * ones, ones, beta=0.0, normalizer=1)) == 5000
    logits, labels = np.zeros((5000, 2), np.float16), np.zeros(5000, np.int32)
    assert float(softmax_cross_entropy(logits, labels, ones, 1)) == pytest.approx(5000 * math.log(2), rel=1e-5)
    assert float(binary_cross_entropy(0 * ones, ones, ones, 1)) == pytest.approx(5000 * math.log(2), rel=1e-5)
    assert ops.dtype(binary_cross_entropy(ones, ones, ones)) == "float32"
