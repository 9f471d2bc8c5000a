"""Convolutions in groups that are quick where Keras' own are not."""

from typing import Any

import keras
from keras import ops

from models.ops.kernels import tensorflow_cpu_kernels

WIDTH = 32
"""Channels that the groups of one dense convolution have together on a CPU. With 64 a training step takes 1.0 to 2.5
times as long, with 128 up to 8 times (but for the widest of ResNeXt's convolutions); with less there are too many."""


@keras.saving.register_keras_serializable(package="maskeras")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` for pictures (B, h, w, C), with the same weights, where `groups` is more than 1.

    On a CPU, TensorFlow and JAX leave groups to XLA, which has no kernel for their gradient: training one 3×3
    convolution of ResNeXt takes 26 s (64×64, 256 channels, batch 2), a dense one of as many channels 0.24 s. Here one
    group for each channel becomes a depthwise convolution. Other groups go to TensorFlow's own kernel; on JAX, and
    where XLA compiles, they are taken together, as many as have `WIDTH` channels, into dense convolutions whose kernels
    are zero between groups.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters), as in Keras."""
        if self.groups == 1 or self.data_format != "channels_last" or set(self.dilation_rate) != {1}:
            return super().convolution_op(inputs, kernel)
        if self.groups == self.filters == inputs.shape[-1]:
            kernel = ops.transpose(kernel, (0, 1, 3, 2))
            return ops.depthwise_conv(inputs, kernel, strides=self.strides, padding=self.padding)
        if tensorflow_cpu_kernels():
            from models.layers.native.tensorflow_grouped_conv import grouped_conv  # noqa: PLC0415 - that backend only

            return grouped_conv(inputs, kernel, self.strides, self.padding)
        return self._merged(inputs, kernel) if _on_xla_cpu() else super().convolution_op(inputs, kernel)

    def _merged(self, inputs: Any, kernel: Any) -> Any:
        high, wide, channels, filters = kernel.shape
        together = _divisor(self.groups, WIDTH // channels)
        parts = self.groups // together
        # Input channel c of group m meets output channel d of group n: the kernel where m is n, else zero.
        blocks = ops.reshape(kernel, (high, wide, 1, channels, parts, together, filters // self.groups))
        diagonal = ops.reshape(ops.eye(together, dtype=kernel.dtype), (1, 1, together, 1, 1, together, 1))
        shape = (high, wide, together * channels, parts, filters // parts)
        kernels = ops.reshape(blocks * diagonal, shape)
        outputs = [
            ops.conv(x, kernels[:, :, :, part], strides=list(self.strides), padding=self.padding)
            for part, x in enumerate(ops.split(inputs, parts, axis=-1))
        ]
        return ops.concatenate(outputs, axis=-1)


def _divisor(number: int, most: int) -> int:
    """The largest divisor of `number` that is at most `most`, and at least 1."""
    return max(n for n in range(1, max(most, 1) + 1) if number % n == 0)


def _on_xla_cpu() -> bool:
    if keras.backend.backend() not in ("tensorflow", "jax"):
        return False
    return all(device.startswith("cpu") for device in keras.distribution.list_devices())
