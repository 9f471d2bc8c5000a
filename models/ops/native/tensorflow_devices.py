"""What TensorFlow computes on."""

from functools import cache

import tensorflow as tf


@cache
def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU; it never comes or goes within a process."""
    return bool(tf.config.list_logical_devices("GPU"))
