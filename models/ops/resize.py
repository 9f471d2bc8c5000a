"""Images and features in another size. Alphabet: `B` images, `h, w` their size, `C` channels."""

import numpy as np
from keras import ops

from models.ops.boxes import Tensor


def resize_bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, corners not aligned: the centers of pixels are at +0.5, and nothing is averaged where sizes shrink.

    As torch's `interpolate(align_corners=False)` and TensorFlow's `resize`. Along each side it is a product with a
    matrix of two numbers in a row: the same on every backend, with a gradient that XLA can compile and whose sums have
    an order, in about the time of TensorFlow's kernel on a CPU.

    Args:
        x: (B, h, w, C), h and w known.
        size: height and width of the result.

    Returns:
        (B, *size, C) in the dtype of `x`.
    """
    _, height, width, channels = x.shape
    if (height, width) == tuple(size):
        return x
    across = ops.cast(ops.convert_to_tensor(_weights(width, size[1])[None]), x.dtype)
    down = ops.cast(ops.convert_to_tensor(_weights(height, size[0])[None]), x.dtype)
    wide = ops.matmul(across, ops.reshape(x, (-1, width, channels)))
    high = ops.matmul(down, ops.reshape(wide, (-1, height, size[1] * channels)))
    return ops.reshape(high, (-1, *size, channels))


def _weights(source: int, target: int) -> np.ndarray:
    """(target, source): what each cell of the result takes of the cells of a side."""
    center = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    before = np.floor(center).astype(int)
    share, row = center - before, np.arange(target)
    weights = np.zeros((target, source))
    weights[row, before] = 1 - share
    weights[row, np.minimum(before + 1, source - 1)] += share
    return weights.astype(np.float32)
