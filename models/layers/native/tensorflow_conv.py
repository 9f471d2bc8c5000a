"""Convolutions by TensorFlow's own kernel: through oneDNN it has a gradient for groups, where Keras takes XLA's.

XLA has none.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import tensorflow as tf


def conv(inputs: Any, kernel: Any, strides: Sequence[int], padding: str, border: int) -> Any:
    """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters).

    Args:
        inputs: images. kernel: in the dtype of `inputs`.
        strides: along both sides.
        padding: "same" or "valid".
        border: rows and columns of zeros around the image, for "valid".
    """
    # A padded copy: oneDNN has no gradient for TensorFlow's explicit padding, and the plain kernels take several times
    # as long, in bfloat16 ten times (`python benchmarks/kernels.py`).
    if border:
        inputs = tf.pad(inputs, [[0, 0], [border, border], [border, border], [0, 0]])
    same_or_valid: Any = padding.upper()
    return tf.nn.conv2d(inputs, kernel, list(strides), same_or_valid)


@cache
def learns_in_groups(dtype: str) -> bool:
    """Whether the kernel has a gradient for groups: with oneDNN only, and not for every dtype; so it is tried."""
    strides: Any = [1, 1, 1, 1]
    with tf.init_scope(), tf.device("CPU:0"):  # at once, even while a graph is traced
        images, kernel = tf.zeros((1, 4, 4, 4), dtype), tf.zeros((3, 3, 2, 4), dtype)
        common = {"out_backprop": images, "strides": strides, "padding": "SAME"}
        try:
            tf.raw_ops.Conv2DBackpropInput(input_sizes=images.shape, filter=kernel, **common)
            tf.raw_ops.Conv2DBackpropFilter(input=images, filter_sizes=kernel.shape, **common)
        except tf.errors.OpError:
            return False
    return True
