"""Convolutions that are fast where Keras' own are not."""

from typing import Any

import keras
from keras import ops

from models.ops.kernels import tensorflow_cpu_kernels

WIDTH = 32
"""Channels that the groups of one dense convolution have together on a CPU. With 64 a training step takes 1.0 to 2.5
times as long, with 128 up to 8 times (but for the widest of ResNeXt's convolutions); with less there are too many."""


@keras.saving.register_keras_serializable(package="maskeras")
class Conv2D(keras.layers.Conv2D):
    """`keras.layers.Conv2D` for images (B, h, w, C) with the same weights: fast grouped or dilated, padded as torch.

    Groups: on a CPU, TensorFlow and JAX leave them to XLA, which has no kernel for their gradient: training one 3×3
    convolution of ResNeXt takes 26 s (64×64, 256 channels, batch 2), a dense one of as many channels 0.24 s. Here one
    group for each channel becomes a depthwise convolution. Other groups go to TensorFlow's own kernel, where
    it has a gradient for them; elsewhere on a CPU they are taken together, as many as have `WIDTH` channels, into dense
    convolutions whose kernels are zero between groups.

    Dilation: on a CPU, TensorFlow's own kernel takes half the time of what Keras does, where it has a gradient.

    Args:
        filters, kernel_size: as in Keras.
        border: rows and columns of zeros around the image, as torch's `padding`; with `padding="valid"` only. "same"
            would pad even sizes at the far edges only.

    Raises:
        ValueError: a border and another padding than "valid".
    """

    def __init__(self, filters: int, kernel_size: int, border: int = 0, **kwargs: Any):
        super().__init__(filters, kernel_size, **kwargs)
        if border and self.padding != "valid":
            raise ValueError(f"Conv2D(border={border}) takes padding='valid', received {self.padding!r}")
        self.border = border

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """(B, h, w, C) and (side, side, C / groups, filters) → (B, h', w', filters), as in Keras."""
        if self.data_format != "channels_last":
            return super().convolution_op(self._with_border(inputs), kernel)
        if self.groups == self.filters == inputs.shape[-1] and self.groups > 1:
            return self._depthwise(self._with_border(inputs), kernel)
        grouped, dilated = self.groups > 1, set(self.dilation_rate) != {1}
        if (grouped or dilated or self.border) and tensorflow_cpu_kernels():
            from models.layers.native import tensorflow_conv as kernels  # noqa: PLC0415 - on that backend only

            if not (grouped or dilated):
                return kernels.conv(inputs, kernel, self.strides, self.padding, self.border)
            if kernels.has_gradient(kernel.dtype, grouped, dilated):  # not with a border of its own
                options = {"dilation": self.dilation_rate}
                return kernels.conv(self._with_border(inputs), kernel, self.strides, self.padding, **options)
        inputs = self._with_border(inputs)
        if grouped and _on_xla_cpu():
            return self._merged(inputs, kernel)
        return super().convolution_op(inputs, kernel)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """As in Keras, of the image with its border."""
        if not self.border:
            return super().compute_output_shape(input_shape)
        first = 2 if self.data_format == "channels_first" else 1
        sides = (
            side + 2 * self.border if side and first <= axis < first + 2 else side
            for axis, side in enumerate(input_shape)
        )
        return super().compute_output_shape(tuple(sides))

    def get_config(self) -> dict:
        """What makes the layer again."""
        return {**super().get_config(), "border": self.border}

    def _with_border(self, inputs: Any) -> Any:
        if not self.border:
            return inputs
        sides = [[self.border, self.border]] * 2
        return ops.pad(
            inputs, [[0, 0], [0, 0], *sides] if self.data_format == "channels_first" else [[0, 0], *sides, [0, 0]]
        )

    def _depthwise(self, inputs: Any, kernel: Any) -> Any:
        kernel = ops.transpose(kernel, (0, 1, 3, 2))
        return ops.depthwise_conv(
            inputs, kernel, strides=self.strides, padding=self.padding, dilation_rate=self.dilation_rate
        )

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
            ops.conv(x, kernels[:, :, :, part], list(self.strides), self.padding, dilation_rate=self.dilation_rate)
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
