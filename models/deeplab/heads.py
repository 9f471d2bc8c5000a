"""What comes after the backbone, up to a score of each class for each cell.

Alphabet: `B` images, `h, w` the size of the features, `C` channels, `K` classes without background.
"""

import json
from functools import reduce
from typing import Any

import keras
from keras import ops

from models.deeplab.config import DecoderConfig, MergeConfig, PixelHeadConfig
from models.layers.conv_norm import EPSILON, ConvNorm
from models.ops.resize import resize_bilinear


@keras.saving.register_keras_serializable(package="maskeras")
class PixelHead(keras.layers.Layer):
    """(B, h, w, C) → float32 logits (B, h, w, K + 1), background first: 3×3 convolutions, then a 1×1 one.

    With one convolution and `dropout` it is torchvision's `FCNHead` (Long et al. 2015).

    Args:
        config: the section `model.head`.
        num_classes: K.
        dropout: share of the last convolution's numbers that a training step leaves out.
        momentum: of the batch norm.
    """

    def __init__(
        self, config: PixelHeadConfig, num_classes: int, dropout: float = 0.0, momentum: float = 0.9, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.config, self.num_classes, self.momentum = config, num_classes, momentum
        options = {"separable": config.separable, "momentum": momentum, "dtype": self.dtype_policy}
        self.blocks = [
            ConvNorm(config.channels, 3, name=f"block{place}", **options) for place in range(config.convolutions)
        ]
        self.dropout = keras.layers.Dropout(dropout, name="dropout", dtype=self.dtype_policy)
        initializer: Any = keras.initializers.RandomNormal(stddev=0.01)
        self.logits = keras.layers.Conv2D(
            num_classes + 1, 1, kernel_initializer=initializer, name="logits", dtype=self.dtype_policy
        )

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features of `shape`."""
        for layer in (*self.blocks, self.logits):
            layer.build(shape)
            shape = (*shape[:-1], layer.filters)
        self.built = True

    def call(self, features: Any, training: bool | None = None) -> Any:
        """The logits of `features`."""
        for block in self.blocks:
            features = block(features, training=training)
        return ops.cast(self.logits(self.dropout(features, training=training)), "float32")

    def compute_output_spec(self, features: Any, training: bool | None = None) -> keras.KerasTensor:
        """The size stays; the dtype is that of a loss."""
        return keras.KerasTensor((*features.shape[:-1], self.num_classes + 1), "float32")

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        section = self.config.model_dump(mode="json")
        own = {"config": section, "num_classes": self.num_classes, "dropout": self.dropout.rate}
        return {**super().get_config(), **own, "momentum": self.momentum}

    @classmethod
    def from_config(cls, config: dict) -> "PixelHead":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": PixelHeadConfig.model_validate_json(json.dumps(config["config"]))})


@keras.saving.register_keras_serializable(package="maskeras")
class Decoder(keras.layers.Layer):
    """{"fine": (B, h, w, C), "coarse": (B, h', w', C')} → (B, h, w, C' + channels): the coarse features in the size of
    the fine ones, beside these reduced to few channels (Chen et al. 2018, section 3.1).

    Args:
        config: the section `model.decoder`.
        momentum: of the batch norm.
    """

    def __init__(self, config: DecoderConfig, momentum: float = 0.9, **kwargs: Any):
        super().__init__(**kwargs)
        self.config, self.momentum = config, momentum
        self.reduce = ConvNorm(config.channels, 1, momentum=momentum, name="reduce", dtype=self.dtype_policy)

    def build(self, features_shape: dict[str, tuple[int | None, ...]]) -> None:
        """Makes the weights."""
        self.reduce.build(features_shape["fine"])
        self.built = True

    def call(self, features: dict[str, Any], training: bool | None = None) -> Any:
        """Both, side by side."""
        reduced = self.reduce(features["fine"], training=training)
        return ops.concatenate([resize_bilinear(features["coarse"], reduced.shape[1:3]), reduced], axis=-1)

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        return {**super().get_config(), "config": self.config.model_dump(mode="json"), "momentum": self.momentum}

    @classmethod
    def from_config(cls, config: dict) -> "Decoder":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": DecoderConfig.model_validate(config["config"])})


@keras.saving.register_keras_serializable(package="maskeras")
class Merge(keras.layers.Layer):
    """{"P2": (B, h, w, C), "P3": (B, ⌈h/2⌉, ⌈w/2⌉, C), …} → (B, h, w, channels): the sum of all levels.

    Each level goes up to the finest by steps of a 3×3 convolution, group normalization, ReLU and a bilinear resizing to
    the next finer level; the finest has one step, without the resizing (Kirillov et al. 2019, figure 3).

    Args:
        config: the section `model.merge`.
        levels: of the pyramid, from fine to coarse.
    """

    def __init__(self, config: MergeConfig, levels: tuple[int, ...], **kwargs: Any):
        super().__init__(**kwargs)
        self.config, self.levels = config, tuple(levels)
        self.steps = [
            [self._step(f"p{level}_{place}") for place in range(max(1, level - self.levels[0]))]
            for level in self.levels
        ]

    def _step(self, name: str) -> tuple[keras.layers.Layer, keras.layers.Layer]:
        options: dict[str, Any] = {"dtype": self.dtype_policy}
        convolution = keras.layers.Conv2D(
            self.config.channels,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"{name}_conv",
            **options,
        )
        norm = keras.layers.GroupNormalization(self.config.groups, epsilon=EPSILON, name=f"{name}_norm", **options)
        return convolution, norm

    def build(self, pyramid_shape: dict[str, tuple[int | None, ...]]) -> None:
        """Makes the weights."""
        for level, steps in zip(self.levels, self.steps, strict=True):
            shape = pyramid_shape[f"P{level}"]
            for convolution, norm in steps:
                convolution.build(shape)
                shape = (*shape[:-1], self.config.channels)
                norm.build(shape)
        self.built = True

    def call(self, pyramid: dict[str, Any]) -> Any:
        """The sum."""
        sizes = {level: tuple(pyramid[f"P{level}"].shape[1:3]) for level in self.levels}
        steps = zip(self.levels, self.steps, strict=True)
        return reduce(ops.add, [self._raised(pyramid[f"P{level}"], level, steps_, sizes) for level, steps_ in steps])

    def _raised(self, x: Any, level: int, steps: list[Any], sizes: dict[int, tuple[int, int]]) -> Any:
        for convolution, norm in steps:
            x = ops.relu(norm(convolution(x)))
            level = max(level - 1, self.levels[0])
            x = resize_bilinear(x, sizes[level])
        return x

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        return {**super().get_config(), "config": self.config.model_dump(mode="json"), "levels": list(self.levels)}

    @classmethod
    def from_config(cls, config: dict) -> "Merge":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": MergeConfig.model_validate(config["config"])})
