"""Atrous spatial pyramid pooling (Chen et al. 2017, "Rethinking Atrous Convolution", section 3.3).

As in torchvision's `deeplabv3.ASPP`. Alphabet: `B` images, `h, w` the size of the features, `C` their channels.
"""

import json
from typing import Any

import keras
from keras import ops

from models.layers.config import ASPPConfig
from models.layers.conv_norm import ConvNorm


@keras.saving.register_keras_serializable(package="maskeras")
class ASPP(keras.layers.Layer):
    """(B, h, w, C) → (B, h, w, channels): what every cell sees near, far and in the whole image.

    `branches` are a 1×1 convolution, a 3×3 one for each rate, and a 1×1 one of the mean over all cells; `project`
    brings them together.

    Args:
        config: the section `model.aspp`.
        output_stride: of the features, for the default of `config.rates`.
        momentum: of the batch norm.
    """

    def __init__(self, config: ASPPConfig, output_stride: int, momentum: float = 0.9, **kwargs: Any):
        super().__init__(**kwargs)
        self.config, self.output_stride, self.momentum = config, output_stride, momentum
        self.rates = config.rates_at(output_stride)
        options: dict[str, Any] = {"momentum": momentum, "dtype": self.dtype_policy}
        separable = {"separable": config.separable}
        self.branches = [
            ConvNorm(config.channels, 1, name="branch0", **options),
            *(
                ConvNorm(config.channels, 3, rate, name=f"branch{place}", **separable, **options)
                for place, rate in enumerate(self.rates, 1)
            ),
            ConvNorm(config.channels, 1, name=f"branch{len(self.rates) + 1}", **options),
        ]
        self.project = ConvNorm(config.channels, 1, name="project", **options)
        self.dropout = keras.layers.Dropout(config.dropout, name="dropout", dtype=self.dtype_policy)

    def build(self, shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features of `shape`."""
        for branch in self.branches:
            branch.build(shape)
        self.project.build((*shape[:-1], len(self.branches) * self.config.channels))
        self.built = True

    def call(self, features: Any, training: bool | None = None) -> Any:
        """All branches of `features`, side by side, then projected."""
        found = self.pyramid(features, training)
        return self.dropout(self.project(ops.concatenate(found, axis=-1), training=training), training=training)

    def pyramid(self, features: Any, training: bool | None = None) -> list[Any]:
        """What each branch gives, (B, h, w, channels)."""
        *local, whole = self.branches
        found = [branch(features, training=training) for branch in local]
        mean = ops.mean(features, axis=(1, 2), keepdims=True)
        return [*found, ops.broadcast_to(whole(mean, training=training), ops.shape(found[0]))]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The size stays."""
        return (*shape[:-1], self.config.channels)

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        section = self.config.model_dump(mode="json")
        own = {"config": section, "output_stride": self.output_stride, "momentum": self.momentum}
        return {**super().get_config(), **own}

    @classmethod
    def from_config(cls, config: dict) -> "ASPP":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": ASPPConfig.model_validate_json(json.dumps(config["config"]))})
