"""Batch normalization that is fast where the backend has a fused kernel for it."""

from typing import Any

import keras
from keras import ops

from models.ops.kernels import tensorflow_kernels


@keras.saving.register_keras_serializable(package="maskeras")
class BatchNormalization(keras.layers.BatchNormalization):
    """`keras.layers.BatchNormalization`, for images: (B, h, w, C).

    Keras computes mean, variance and each product as an operation of its own, with as many again in the
    backward pass: more than half of a MobileNetV2 training step on a CPU. On TensorFlow one kernel does it instead.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """As in Keras: statistics of the batch in training, moving ones otherwise or where not `trainable`."""
        frozen_in_training = training and not self.trainable  # the kernel's gradient would do needless work
        if frozen_in_training or mask is not None or not self._has_kernel(inputs):
            return super().call(inputs, training=training, mask=mask)
        from models.layers.native import tensorflow_batch_norm as kernels  # noqa: PLC0415 - on that backend only

        if not training:
            moving = self.moving_mean.value, self.moving_variance.value
            return kernels.normalize(inputs, self.gamma.value, self.beta.value, *moving, self.epsilon)
        outputs, mean, variance = kernels.normalize_batch(inputs, self.gamma.value, self.beta.value, self.epsilon)
        for moving, seen in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average = ops.convert_to_tensor(moving)
            moving.assign(average + (seen - average) * (1.0 - self.momentum))
        return outputs

    def _has_kernel(self, inputs: Any) -> bool:
        if not tensorflow_kernels() or self.renorm or self.synchronized or inputs.dtype == "float64":
            return False
        return self.axis in (-1, 3) and len(inputs.shape) == 4 and self.center and self.scale


def with_fused_batch_norm(network: keras.Model) -> keras.Model:
    """The same network, not yet trained, with this module's layer in place of Keras' own; names stay."""

    if not any(type(layer) is keras.layers.BatchNormalization for layer in network._flatten_layers()):
        return network

    def clone(layer: keras.Layer) -> keras.Layer:
        replaced = type(layer) is keras.layers.BatchNormalization
        made = BatchNormalization if replaced else type(layer)
        return made.from_config(layer.get_config())

    return keras.models.clone_model(network, clone_function=clone)


def batch_norms(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Those in a network, however deep in other layers."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.BatchNormalization)]
