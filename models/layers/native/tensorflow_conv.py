"""Convolutions by TensorFlow's own kernel: through oneDNN it takes groups and dilation, with their gradients.

Keras takes XLA's for groups, which has no kernel for their gradient; and for a dilated convolution it moves the cells
of the image into the batch and back (`space_to_batch`), which takes twice as long.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import tensorflow as tf


def conv(
    inputs: Any, kernel: Any, strides: Sequence[int], padding: str, border: int = 0, dilation: Sequence[int] = (1, 1)
) -> Any:
    """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters).

    Args:
        inputs: images. kernel: in the dtype of `inputs`.
        strides: along both sides.
        padding: "same" or "valid".
        border: rows and columns of zeros around the image, for "valid".
        dilation: cells between two values of the kernel, along both sides; 1 where they are neighbors.
    """
    # A padded copy: oneDNN has no gradient for TensorFlow's explicit padding, and the plain kernels take several times
    # as long, in bfloat16 ten times (`python benchmarks/kernels.py`).
    if border:
        inputs = tf.pad(inputs, [[0, 0], [border, border], [border, border], [0, 0]])
    same_or_valid: Any = padding.upper()
    return tf.nn.conv2d(inputs, kernel, list(strides), same_or_valid, dilations=list(dilation))


@cache
def has_gradient(dtype: str, groups: bool, dilation: bool) -> bool:
    """Whether the kernel has a gradient for groups, for dilation, or for both at once.

    With oneDNN only, and not for every dtype; so it is tried.
    """
    strides: Any = [1, 1, 1, 1]
    dilations: Any = [1, 2, 2, 1] if dilation else strides
    with tf.init_scope(), tf.device("CPU:0"):  # at once, even while a graph is traced
        images, kernel = tf.zeros((1, 4, 4, 4), dtype), tf.zeros((3, 3, 2 if groups else 4, 4), dtype)
        common = {"out_backprop": images, "strides": strides, "padding": "SAME", "dilations": dilations}
        try:
            tf.raw_ops.Conv2DBackpropInput(input_sizes=images.shape, filter=kernel, **common)
            tf.raw_ops.Conv2DBackpropFilter(input=images, filter_sizes=kernel.shape, **common)
        except tf.errors.OpError:
            return False
    return True
