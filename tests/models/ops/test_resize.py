import numpy as np
import pytest
from keras import ops

from models.ops.resize import resize_bilinear
from tests.gradients import gradients


def by_hand(x, size):
    """Pixel by pixel: the four neighbors of a center, the border's pixels repeated beyond it."""
    height, width = x.shape[1:3]
    found = np.zeros((len(x), *size, x.shape[-1]))
    for row, column in np.ndindex(*size):
        y = min(max((row + 0.5) * height / size[0] - 0.5, 0), height - 1)
        z = min(max((column + 0.5) * width / size[1] - 0.5, 0), width - 1)
        for i, j in np.ndindex(2, 2):
            near = x[:, min(int(y) + i, height - 1), min(int(z) + j, width - 1)]
            found[:, row, column] += near * abs(1 - i - y % 1) * abs(1 - j - z % 1)
    return found


@pytest.mark.parametrize(
    ("source", "target"),
    [((3, 4), (6, 8)), ((5, 4), (13, 31)), ((1, 1), (3, 2)), ((9, 11), (129, 161)), ((7, 9), (3, 4)), ((4, 5), (4, 9))],
)
def test_every_pixel_is_between_its_neighbors(source, target):
    x = np.random.default_rng(0).normal(size=(2, *source, 3)).astype(np.float32)
    np.testing.assert_allclose(resize_bilinear(ops.convert_to_tensor(x), target), by_hand(x, target), atol=1e-5)


def test_doubled_by_numbers_known_from_torch():
    """`interpolate([[0, 4, 8]], scale_factor=2, mode="bilinear", align_corners=False)`."""
    found = resize_bilinear(np.float32([0, 4, 8]).reshape(1, 1, 3, 1), (1, 6))
    np.testing.assert_allclose(np.ravel(found), [0, 1, 3, 5, 7, 8], atol=1e-6)


def test_the_same_size_is_the_same_tensor():
    x = ops.ones((2, 3, 4, 1))
    assert resize_bilinear(x, (3, 4)) is x


def test_a_plane_stays_a_plane_and_a_flip_a_flip():
    y, x = np.mgrid[:6, :7].astype(np.float32)
    plane = (2 * y - 3 * x)[None, ..., None]
    found = np.asarray(resize_bilinear(plane, (24, 28)))[0, ..., 0]
    inside = found[2:-2, 2:-2]
    np.testing.assert_allclose(np.diff(inside, axis=0), 0.5, atol=1e-5)
    np.testing.assert_allclose(np.diff(inside, axis=1), -0.75, atol=1e-5)
    np.testing.assert_allclose(resize_bilinear(plane[:, :, ::-1], (24, 28))[0, ..., 0], found[:, ::-1], atol=1e-5)


def test_the_gradient_hands_back_what_was_taken():
    x = np.random.default_rng(0).normal(size=(1, 3, 4, 2)).astype(np.float32)
    (found,) = gradients(lambda x: ops.sum(resize_bilinear(x, (9, 10))), x)
    assert found.sum() == pytest.approx(9 * 10 * 2, rel=1e-5)
    one = np.zeros((1, 9, 10, 2), np.float32)
    one[0, 4, 5, 1] = 1
    (found,) = gradients(lambda x: ops.sum(resize_bilinear(x, (9, 10)) * one), x)
    expected = np.zeros_like(x)
    for row, column in np.ndindex(3, 4):
        unit = np.zeros_like(x)
        unit[0, row, column, 1] = 1
        expected[0, row, column, 1] = by_hand(unit, (9, 10))[0, 4, 5, 1]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_bfloat16_stays_bfloat16():
    found = resize_bilinear(ops.ones((1, 2, 2, 3), "bfloat16"), (5, 4))
    assert found.dtype == ops.ones((1,), "bfloat16").dtype
    np.testing.assert_array_equal(ops.convert_to_numpy(ops.cast(found, "float32")), 1)
