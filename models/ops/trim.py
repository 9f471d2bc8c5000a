"""No work on padding: objects come first in their rows, so what follows the longest row can be cut off.

Shapes that depend on values are TensorFlow's alone; elsewhere nothing is cut and the padding is worked through.

Alphabet: `B` images, `N` padded entries of each.
"""

from typing import Any

from keras import ops

from models.ops.boxes import Tensor
from models.ops.kernels import tensorflow_kernels


def longest(real: Tensor) -> Any:
    """How many entries of a row are needed: at least 1, at most N. A number, or on TensorFlow a scalar tensor.

    Args:
        real: bool (B, N), the real entries first.
    """
    if not tensorflow_kernels():
        return real.shape[1]
    return ops.maximum(ops.max(ops.sum(ops.cast(real, "int32"), axis=1)), 1)


def lengthen(values: Tensor, number: int) -> Tensor:
    """(B, n, …) → (B, number, …), zeros behind: the inverse of `values[:, :longest(real)]`."""
    missing = number - ops.shape(values)[1]
    if isinstance(missing, int) and not missing:
        return values
    padded = ops.pad(values, [[0, 0], [0, missing], *([[0, 0]] * (len(values.shape) - 2))])
    return ops.reshape(padded, (-1, number, *values.shape[2:]))
