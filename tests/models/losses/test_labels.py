import math

import numpy as np
import pytest

from models.losses.labels import label_cross_entropy


def test_it_is_the_mean_over_pixels_that_are_not_ignored():
    logits = np.log(np.float32([[[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]], [[1 / 3] * 3, [0.9, 0.05, 0.05]]]))[None]
    labels = np.int32([[[0, 2], [255, 1]]])
    expected = -(math.log(0.5) + math.log(0.8) + math.log(0.05)) / 3
    assert float(label_cross_entropy(logits, labels)) == pytest.approx(expected, rel=1e-5)
    assert float(label_cross_entropy(logits + 7, labels)) == pytest.approx(expected, rel=1e-5)


def test_without_a_pixel_it_is_0():
    assert float(label_cross_entropy(np.zeros((1, 2, 2, 3), np.float32), np.full((1, 2, 2), 255))) == 0
