"""Convolutions in groups by TensorFlow's own kernel, which has a gradient; Keras hands them to XLA, which has none."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def grouped_conv(inputs: Any, kernel: Any, strides: Sequence[int], padding: str) -> Any:
    """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters).

    Args:
        inputs: pictures. kernel: in the dtype of `inputs`.
        strides: along both sides.
        padding: "same" or "valid".
    """
    return tf.nn.conv2d(inputs, kernel, strides=list(strides), padding=padding.upper())
