"""Picking rows per image.

Alphabet: `B` images, `N` rows of each, `K` of them picked.
"""

import numpy as np
from keras import ops

from models.ops.boxes import Tensor


def take(values: Tensor, indices: Tensor) -> Tensor:
    """Row `indices[b, k]` of `values[b]`, for every b and k.

    One gather on the flattened rows: `ops.take_along_axis` would first broadcast the indices over all trailing axes.

    Args:
        values: (B, N, ...), the shape known but for B.
        indices: int (B, K), each in 0…N-1.

    Returns:
        (B, K, ...) in the dtype of `values`.
    """
    shape = ops.shape(values)
    images = np.arange(shape[0]) if isinstance(shape[0], int) else ops.arange(shape[0], dtype="int32")
    offsets = ops.cast(images[:, None] * shape[1], "int32")
    return ops.take(ops.reshape(values, (-1, *shape[2:])), ops.cast(indices, "int32") + offsets, axis=0)
