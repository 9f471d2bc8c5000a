"""No work on padding: what follows the last real entry of all rows is cut off.

Shapes that depend on values are TensorFlow's alone; elsewhere nothing is cut and the padding is worked through.

Alphabet: `B` images, `N` padded entries of each.
"""

from typing import Any

from keras import ops

from models.ops.boxes import Tensor
from models.ops.kernels import tensorflow_kernels


def longest(real: Tensor) -> Any:
    """Entries of a row up to the last real one of any row: at least 1, at most N. On TensorFlow a scalar tensor.

    Args:
        real: bool (B, N); where they come first, it is as many as the fullest row has.
    """
    if not tensorflow_kernels():
        return real.shape[1]
    place = ops.arange(1, real.shape[1] + 1, dtype="int32")
    return ops.maximum(ops.max(ops.where(real, place, 0)), 1)


def lengthen(values: Tensor, number: int) -> Tensor:
    """(B, n, …) → (B, number, …), zeros behind: the inverse of `values[:, :longest(real)]`."""
    missing = number - ops.shape(values)[1]
    if isinstance(missing, int) and not missing:
        return values
    padded = ops.pad(values, [[0, 0], [0, missing], *([[0, 0]] * (len(values.shape) - 2))])
    return ops.reshape(padded, (-1, number, *values.shape[2:]))
