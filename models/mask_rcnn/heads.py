"""The two heads on pooled features (Mask R-CNN, figure 4, right).

Alphabet: `N` boxes over all images, `S` side of the pooled features, `C` channels, `K` classes without background.
"""

import json
import math
from typing import Any

import keras
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, MaskHeadConfig


class BoxHead(keras.layers.Layer):
    """Two dense layers, then class logits and a box for each class.

    Args:
        config: the section `model.box_head`.
        channels: C.
        num_classes: K.
    """

    def __init__(self, config: BoxHeadConfig, channels: int, num_classes: int, name: str = "box_head", **others):
        super().__init__(name=name, **others)
        self.config = config
        self.channels = channels
        self.inputs = config.pool_size**2 * channels
        self.num_classes = num_classes
        options = {"dtype": self.dtype_policy}
        self.fc6 = keras.layers.Dense(config.hidden, activation="relu", name="fc6", **options)
        self.fc7 = keras.layers.Dense(config.hidden, activation="relu", name="fc7", **options)
        self.logits = keras.layers.Dense(num_classes + 1, kernel_initializer=_normal(0.01), name="logits", **options)
        self.deltas = keras.layers.Dense(
            (num_classes + 1) * 4, kernel_initializer=_normal(0.001), name="deltas", **options
        )

    def build(self, _shape) -> None:
        """Makes the weights."""
        self.fc6.build((None, self.inputs))
        for layer in (self.fc7, self.logits, self.deltas):
            layer.build((None, self.config.hidden))

    def call(self, pooled: Any) -> tuple[Any, Any]:
        """(B, N, S, S, C) → float32 class logits (B, N, K + 1), background first, and deltas (B, N, K + 1, 4)."""
        batch, number = ops.shape(pooled)[0], ops.shape(pooled)[1]
        flat = self.fc7(self.fc6(ops.reshape(pooled, (-1, self.inputs))))
        logits = ops.reshape(self.logits(flat), (batch, number, self.num_classes + 1))
        deltas = ops.reshape(self.deltas(flat), (batch, number, self.num_classes + 1, 4))
        return ops.cast(logits, "float32"), ops.cast(deltas, "float32")

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        return {**super().get_config(), **_arguments(self)}

    @classmethod
    def from_config(cls, config: dict) -> "BoxHead":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": BoxHeadConfig.model_validate_json(json.dumps(config["config"]))})


class MaskHead(keras.layers.Layer):
    """3×3 convolutions, a transposed convolution, one mask for each class.

    Args:
        config: the section `model.mask_head`.
        channels: C.
        num_classes: K.
    """

    def __init__(self, config: MaskHeadConfig, channels: int, num_classes: int, name: str = "mask_head", **others):
        super().__init__(name=name, **others)
        self.config = config
        self.channels = channels
        self.num_classes = num_classes
        options = {"kernel_initializer": "he_normal", "dtype": self.dtype_policy}
        self.convs = [
            keras.layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv{i + 1}", **options)
            for i, width in enumerate(config.channels)
        ]
        self.upsample = keras.layers.Conv2DTranspose(
            config.upsample_channels, 2, strides=2, activation="relu", name="upsample", **options
        )
        self.logits = keras.layers.Conv2D(num_classes, 1, name="logits", **options)

    def build(self, _shape) -> None:
        """Makes the weights."""
        channels = self.channels
        for layer in (*self.convs, self.upsample, self.logits):
            layer.build((None, None, None, channels))
            channels = layer.filters

    def call(self, pooled: Any) -> Any:
        """(B, N, S, S, C) → float32 mask logits (B, N, 2S, 2S, K)."""
        number, side, channels = ops.shape(pooled)[1], pooled.shape[2], pooled.shape[-1]
        features = ops.reshape(pooled, (-1, side, side, channels))
        for conv in self.convs:
            features = conv(features)
        logits = self.logits(self.upsample(features))
        return ops.cast(ops.reshape(logits, (-1, number, 2 * side, 2 * side, self.num_classes)), "float32")

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        return {**super().get_config(), **_arguments(self)}

    @classmethod
    def from_config(cls, config: dict) -> "MaskHead":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": MaskHeadConfig.model_validate_json(json.dumps(config["config"]))})


def of_class(values: Any, classes: Any) -> Any:
    """Of each box the entry of its class: (B, N, …, K) and int (B, N) in 0…K-1 → (B, N, …)."""
    number = values.shape[-1]
    chosen = ops.one_hot(classes, number, dtype=values.dtype)
    flat = ops.reshape(values, (-1, math.prod(values.shape[2:-1]), number))
    own = ops.matmul(flat, ops.reshape(chosen, (-1, number, 1)))
    return ops.reshape(own, (-1, ops.shape(values)[1], *values.shape[2:-1]))


def _arguments(head: BoxHead | MaskHead) -> dict:
    section = head.config.model_dump(mode="json")
    return {"config": section, "channels": head.channels, "num_classes": head.num_classes}


def _normal(deviation: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=deviation)
