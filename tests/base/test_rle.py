"""Masks as RLE: all values of an image of indices in one pass."""

import numpy as np
import pytest

from base import rle


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64])
@pytest.mark.parametrize("seed", range(4))
def test_values_are_encoded_as_each_alone(seed, dtype):
    rng = np.random.default_rng(seed)
    values = rng.choice(np.array([0, 1, 2, 255], dtype), (13, 17), p=[0.4, 0.3, 0.2, 0.1])
    found = rle.encode_values(values)
    assert list(found) == [value for value in (1, 2, 255) if (values == value).any()]
    assert all(mask == rle.encode(values == value) for value, mask in found.items())


def test_values_at_the_ends_of_an_image():
    values = np.array([[7, 0], [0, 7]])
    assert rle.encode_values(values) == {7: rle.encode(values)}
    assert rle.encode_values(np.full((3, 2), 5)) == {5: rle.encode(np.ones((3, 2)))}
    assert rle.encode_values(np.zeros((3, 2), int)) == {} == rle.encode_values(np.zeros((0, 2), int))
