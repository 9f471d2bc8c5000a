"""Convolutions by TensorFlow's own kernel.

It has a gradient for groups, where Keras takes XLA, which has none, and it pads as it reads.
"""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def conv(inputs: Any, kernel: Any, strides: Sequence[int], padding: str, border: int) -> Any:
    """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters).

    Args:
        inputs: pictures. kernel: in the dtype of `inputs`.
        strides: along both sides.
        padding: "same" or "valid".
        border: rows and columns of zeros around the picture, for "valid".
    """
    sides = [border, border]
    return tf.nn.conv2d(inputs, kernel, list(strides), [[0, 0], sides, sides, [0, 0]] if border else padding.upper())
