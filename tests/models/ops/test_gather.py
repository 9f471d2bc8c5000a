import numpy as np
import pytest
from keras import ops

from models.ops.gather import take


@pytest.mark.parametrize("trailing", [(), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", ["float32", "bool", "int32"])
def test_rows_of_each_image(trailing, dtype):
    rng = np.random.default_rng(0)
    values, indices = rng.integers(0, 9, (3, 7, *trailing)).astype(dtype), rng.integers(0, 7, (3, 5))
    result = ops.convert_to_numpy(take(values, indices))
    np.testing.assert_array_equal(result, np.stack([values[b, indices[b]] for b in range(3)]))
    assert result.dtype == dtype
