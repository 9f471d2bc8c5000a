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


@pytest.mark.parametrize("size", [(1, 1), (3, 70), (700, 900), (1200, 1)])
@pytest.mark.parametrize("seed", range(6))
def test_spans_are_the_pixels_of_the_mask(seed, size):
    """Short runs and long ones, whose counts need up to four characters and are differences below 0."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((7, 5)) > (0.5, 0.1, 0.9)[seed % 3]
    fine = rng.random(size) > (0.5, 0.999)[seed % 2]
    mask = fine ^ coarse[np.arange(size[0]) * 7 // size[0]][:, np.arange(size[1]) * 5 // size[1]]
    columns = np.zeros(mask.size, np.uint8)
    spans = rle.spans(rle.encode(mask))
    for start, end in spans.tolist():
        assert end > start
        columns[start:end] += 1
    np.testing.assert_array_equal(columns.reshape(size[::-1]).T, mask)


@pytest.mark.parametrize(("mask", "spans"), [(np.zeros((4, 3)), []), (np.ones((4, 3)), [[0, 12]])])
def test_spans_of_an_empty_and_of_a_full_mask(mask, spans):
    assert rle.spans(rle.encode(mask)).tolist() == spans
