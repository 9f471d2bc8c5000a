import numpy as np
import pytest
from keras import ops

from models.ops.boxes import area, clip, has_size, intersection_over_area, iou

SQUARE, SHIFTED, INSIDE, APART, EMPTY = [0, 0, 10, 10], [5, 0, 15, 10], [2, 2, 4, 7], [20, 20, 30, 30], [3, 3, 3, 3]
INVERTED = [8, 8, 2, 2]


def boxes(*rows):
    return np.array(rows, np.float32)


def test_area_is_zero_for_empty_and_inverted_boxes():
    assert ops.convert_to_numpy(area(boxes(SQUARE, INSIDE, EMPTY, INVERTED))).tolist() == [100, 10, 0, 0]


def test_iou_by_hand():
    result = ops.convert_to_numpy(iou(boxes(SQUARE, EMPTY), boxes(SQUARE, SHIFTED, INSIDE, APART, EMPTY)))
    np.testing.assert_allclose(result, [[1, 50 / 150, 10 / 100, 0, 0], [0, 0, 0, 0, 0]], rtol=1e-6)


def test_iou_of_a_batch_equals_that_of_each_image():
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 50, (3, 2, 7, 2, 2))
    a, b = np.sort(corners, axis=3).reshape(3, 2, 7, 4).transpose(1, 0, 2, 3).astype(np.float32)
    together = ops.convert_to_numpy(iou(a, b[:, :4]))
    assert together.shape == (3, 7, 4)
    for i in range(3):
        np.testing.assert_array_equal(together[i], ops.convert_to_numpy(iou(a[i], b[i, :4])))


def test_intersection_over_area_is_the_share_of_the_first():
    result = ops.convert_to_numpy(intersection_over_area(boxes(INSIDE, SQUARE, EMPTY), boxes(SQUARE, SHIFTED)))
    np.testing.assert_allclose(result, [[1, 0], [1, 0.5], [0, 0]])


def test_clip_with_one_size_and_with_a_size_per_image():
    outside = boxes([-3, -4, 50, 60], [5, 6, 7, 8])
    assert ops.convert_to_numpy(clip(outside, 40, 30)).tolist() == [[0, 0, 30, 40], [5, 6, 7, 8]]
    batch = np.stack([outside, outside])
    result = ops.convert_to_numpy(clip(batch, np.array([40, 7]), np.array([30, 6])))
    assert result.tolist() == [[[0, 0, 30, 40], [5, 6, 7, 8]], [[0, 0, 6, 7], [5, 6, 6, 7]]]


@pytest.mark.parametrize(("min_size", "expected"), [(2, [True, True, False]), (2.1, [True, False, False])])
def test_has_size_asks_for_both_sides(min_size, expected):
    assert ops.convert_to_numpy(has_size(boxes(SQUARE, INSIDE, EMPTY), min_size)).tolist() == expected
