import numpy as np
import pytest
from keras import ops

from models.ops.trim import lengthen, longest

REAL = np.array([[True, True, False, False], [True, False, False, False]])


def test_the_longest_row_decides_where_shapes_may_depend_on_values(operations):
    assert int(longest(ops.convert_to_tensor(REAL))) == (2 if operations == "kernels" else 4)
    assert int(longest(ops.convert_to_tensor(np.zeros_like(REAL)))) == (1 if operations == "kernels" else 4)


def test_a_gap_before_a_real_entry_is_kept(operations):
    gap = np.array([[True, False, True, False], [False, False, False, False]])
    assert int(longest(ops.convert_to_tensor(gap))) == (3 if operations == "kernels" else 4)


@pytest.mark.parametrize("number", [2, 3, 5])
def test_lengthening_is_the_way_back(number):
    values = np.arange(2 * 2 * 3, dtype=np.float32).reshape(2, 2, 3)
    found = ops.convert_to_numpy(lengthen(ops.convert_to_tensor(values), number))
    np.testing.assert_array_equal(found[:, :2], values)
    assert found.shape == (2, number, 3) and not found[:, 2:].any()
