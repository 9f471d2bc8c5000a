"""Feature Pyramid Network (Lin et al. 2017), as torchvision's `FeaturePyramidNetwork` with `LastLevelMaxPool`.

Alphabet: `B` images; `C_n` the backbone's and `P_n` the pyramid's features of stride 2^n.
"""

from typing import Any

import keras
from keras import ops

from models.layers.config import FPNConfig


@keras.saving.register_keras_serializable(package="maskeras")
class FPN(keras.layers.Layer):
    """{"C2": (B, h2, w2, c2), …} → {"P2": (B, h2, w2, channels), …, "P5", "P6"}, from fine to coarse.

    A level is ⌈half⌉ of the one below, odd sizes too. `inner` are the 1×1 convolutions that bring the backbone's
    features to the same channels, `outer` the 3×3 ones that smooth each sum; both from fine to coarse, with bias.
    """

    def __init__(self, config: FPNConfig | None = None, **kwargs):
        super().__init__(**kwargs)
        self.config = config or FPNConfig()
        self.levels = tuple(range(self.config.min_level, self.config.max_level + 1))
        self.inner = [self._convolution(1, f"inner_c{level}") for level in self.levels]
        self.outer = [self._convolution(3, f"outer_p{level}") for level in self.levels]

    def _convolution(self, side: int, name: str) -> keras.layers.Conv2D:
        # kaiming_uniform(a=1) of torch: the limit is sqrt(3 / fan_in).
        initializer: Any = keras.initializers.VarianceScaling(scale=1.0, mode="fan_in", distribution="uniform")
        return keras.layers.Conv2D(
            self.config.channels,
            side,
            padding="same",
            kernel_initializer=initializer,
            name=name,
            dtype=self.dtype_policy,
        )

    def build(self, features_shape: dict[str, tuple]) -> None:
        """Create all weights for the shapes of the backbone's features.

        Raises:
            ValueError: a level is missing, its size is not static, or it is not half of the one below.
        """
        shapes = [self._shape(features_shape, level) for level in self.levels]
        for fine, coarse, level in zip(shapes, shapes[1:], self.levels, strict=False):
            if tuple((side + 1) // 2 for side in fine[1:3]) != coarse[1:3]:
                raise ValueError(
                    f"C{level} is {fine[1:3]} and C{level + 1} is {coarse[1:3]}; each level must be ⌈half⌉ of the one "
                    "below: check the backbone's strides"
                )
        for shape, inner, outer in zip(shapes, self.inner, self.outer, strict=True):
            inner.build(shape)
            outer.build((*shape[:3], self.config.channels))
        self.built = True

    @staticmethod
    def _shape(features_shape: dict[str, tuple], level: int) -> tuple:
        shape = tuple(features_shape.get(f"C{level}", ()))
        if len(shape) != 4 or None in shape[1:]:
            raise ValueError(
                f"C{level} must be (B, h, w, channels) with known h, w and channels; received {shape or 'nothing'} "
                f"among {sorted(features_shape)}"
            )
        return shape

    def call(self, features: dict[str, Any]) -> dict[str, Any]:
        """Down the pyramid from its top, then one 3×3 convolution for each level."""
        sums: list[Any] = []
        for level, inner in zip(reversed(self.levels), reversed(self.inner), strict=True):
            lateral = inner(features[f"C{level}"])
            sums.insert(0, lateral + _double(sums[0], lateral.shape[1:3]) if sums else lateral)
        pyramid = {f"P{n}": outer(x) for n, outer, x in zip(self.levels, self.outer, sums, strict=True)}
        if self.config.extra_level:
            top = self.config.max_level
            pyramid[f"P{top + 1}"] = pyramid[f"P{top}"][:, ::2, ::2]
        return pyramid

    def get_config(self) -> dict:
        """The constructor's arguments; the section as plain JSON."""
        return {**super().get_config(), "config": self.config.model_dump(mode="json")}

    @classmethod
    def from_config(cls, config: dict) -> "FPN":
        """The layer whose `get_config` gave `config`."""
        return cls(**{**config, "config": FPNConfig.model_validate(config["config"])})


def _double(x: Any, size: tuple[int, int]) -> Any:
    """(B, h, w, C) → (B, *size, C) by nearest neighbor, where h, w are ⌈half⌉ of `size`.

    Doubling and cutting is just what torch's `interpolate(size=…)` does for such sizes. Keras' `image.resize` picks
    other neighbors for odd ones, and its gradient cannot be compiled by XLA.
    """
    _, height, width, channels = x.shape
    wide = ops.reshape(ops.stack([x, x], axis=3), (-1, height, 2 * width, channels))
    doubled = ops.reshape(ops.stack([wide, wide], axis=2), (-1, 2 * height, 2 * width, channels))
    if tuple(doubled.shape[1:3]) == tuple(size):
        return doubled
    return doubled[:, : size[0], : size[1]]
