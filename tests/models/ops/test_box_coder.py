import math

import numpy as np
import pytest
from keras import ops

from models.ops.box_coder import BoxCoder


def random_boxes(seed, count=50):
    rng = np.random.default_rng(seed)
    center, size = rng.uniform(0, 300, (count, 2)), rng.uniform(4, 200, (count, 2))
    return np.concatenate([center - size / 2, center + size / 2], axis=1).astype(np.float32)


def test_encoding_by_hand():
    # The box is centered 5 to the right of and 10 below the anchor's center, as wide and half as high.
    deltas = BoxCoder().encode(np.float32([[5, 20, 15, 30]]), np.float32([[0, 5, 10, 25]]))
    expected = [[10 * 0.5, 10 * 0.5, 0, 5 * math.log(0.5)]]
    np.testing.assert_allclose(ops.convert_to_numpy(deltas), expected, rtol=1e-6)


def test_decode_undoes_encode():
    coder, boxes, anchors = BoxCoder(), random_boxes(0), random_boxes(1)
    result = ops.convert_to_numpy(coder.decode(coder.encode(boxes, anchors), anchors))
    np.testing.assert_allclose(result, boxes, atol=2e-4)


def test_encode_undoes_decode_below_the_clip():
    coder, anchors = BoxCoder((1.0, 2.0, 3.0, 4.0)), random_boxes(2)
    deltas = np.random.default_rng(3).normal(size=(50, 4)).astype(np.float32)
    result = ops.convert_to_numpy(coder.encode(coder.decode(deltas, anchors), anchors))
    np.testing.assert_allclose(result, deltas, atol=2e-4)


def test_growth_is_clipped():
    decoded = ops.convert_to_numpy(BoxCoder().decode(np.float32([[0, 0, 1e4, 1e4]]), np.float32([[-8, -8, 8, 8]])))
    np.testing.assert_allclose(decoded, [[-500, -500, 500, 500]], rtol=1e-5)


def test_padding_gives_finite_values():
    zero, box = np.zeros((1, 4), np.float32), np.float32([[1, 2, 30, 40]])
    for boxes, anchors in ((zero, box), (box, zero), (zero, zero)):
        assert np.isfinite(ops.convert_to_numpy(BoxCoder().encode(boxes, anchors))).all()


def test_half_precision_deltas_are_decoded_in_float32():
    decoded = BoxCoder().decode(np.zeros((1, 4), np.float16), np.float32([[1000.25, 1000.25, 1001.75, 1003.75]]))
    np.testing.assert_array_equal(ops.convert_to_numpy(decoded), [[1000.25, 1000.25, 1001.75, 1003.75]])


def test_anchors_broadcast_over_classes():
    coder, anchors = BoxCoder(), random_boxes(4, 6)
    deltas = np.random.default_rng(5).normal(size=(6, 3, 4)).astype(np.float32)
    result = ops.convert_to_numpy(coder.decode(deltas, anchors[:, None]))
    for k in range(3):
        single = ops.convert_to_numpy(coder.decode(deltas[:, k], anchors))
        np.testing.assert_allclose(result[:, k], single, rtol=1e-5, atol=1e-4)


def test_wrong_weights_are_named():
    with pytest.raises(ValueError, match=r"4 positive weights.*\(1.0, 0.0, 1.0, 1.0\)"):
        BoxCoder((1.0, 0.0, 1.0, 1.0))
