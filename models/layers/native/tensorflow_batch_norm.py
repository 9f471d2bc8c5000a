"""Batch normalization by TensorFlow's fused kernel."""

from typing import Any

import tensorflow as tf


def normalize_batch(inputs: Any, scale: Any, offset: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """Normalizes by the statistics of the batch in one kernel, forward and backward.

    Args:
        inputs: (B, h, w, C). scale, offset: float32 (C,). epsilon: as in Keras.

    Returns:
        outputs in the dtype of `inputs`, and float32 mean (C,) and variance (C,) of the batch.
    """
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, offset, epsilon=epsilon, is_training=True, data_format="NHWC"
    )
    # The kernel hands back the unbiased variance; Keras keeps the moving average of the biased one.
    return outputs, mean, variance * (1.0 - 1.0 / _count(inputs))


def normalize(inputs: Any, scale: Any, offset: Any, mean: Any, variance: Any, epsilon: float) -> Any:
    """Normalizes by given statistics, for inference: TensorFlow's graph optimizer makes it a part of the convolution.

    Args:
        inputs: (B, h, w, C). scale, offset, mean, variance: float32 (C,). epsilon: as in Keras.

    Returns:
        outputs in the dtype of `inputs`.
    """
    outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, offset, mean, variance, epsilon=epsilon, is_training=False, data_format="NHWC"
    )
    return outputs


def _count(inputs: Any) -> Any:
    """Numbers in each channel of (B, h, w, C); known at once where the shape is, as it is in a training step."""
    if inputs.shape.is_fully_defined():
        return inputs.shape.num_elements() // inputs.shape[-1]
    return tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
