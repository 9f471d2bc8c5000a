"""Convolution, batch norm and ReLU, as heads are made of them."""

from typing import Any

import keras
from keras import ops

from models.layers.batch_norm import BatchNormalization
from models.layers.convolution import Conv2D

EPSILON = 1e-5
"""Of the batch norm: torchvision's."""


@keras.saving.register_keras_serializable(package="maskeras")
class ConvNorm(keras.layers.Layer):
    """(B, h, w, C) → (B, h, w, filters): a convolution without bias, batch norm, ReLU.

    Separable (Chollet 2017; Chen et al. 2018, section 3.1): a depthwise convolution of `side`, batch norm, ReLU, then
    the same with a side of 1.

    Args:
        filters: channels of the output.
        side: of the kernel.
        dilation: cells from one value of the kernel to the next.
        separable: see above.
        momentum: of the batch norm: how slowly its statistics follow the batches.
    """

    def __init__(
        self,
        filters: int,
        side: int,
        dilation: int = 1,
        separable: bool = False,
        momentum: float = 0.9,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters, self.side, self.dilation, self.momentum = filters, side, dilation, momentum
        self.separable = separable
        self.conv = self._convolution(filters, 1 if separable else side, "conv")
        self.norm = self._norm("norm")
        self.depthwise_norm = self._norm("depthwise_norm") if separable else None

    def _convolution(self, filters: int, side: int, name: str, groups: int = 1) -> Conv2D:
        return Conv2D(
            filters,
            side,
            padding="same",
            dilation_rate=self.dilation if side > 1 else 1,
            groups=groups,
            use_bias=False,
            kernel_initializer="he_normal",
            name=name,
            dtype=self.dtype_policy,
        )

    def _norm(self, name: str) -> BatchNormalization:
        return BatchNormalization(momentum=self.momentum, epsilon=EPSILON, name=name, dtype=self.dtype_policy)

    def build(self, shape: Any) -> None:
        """Makes the weights for features of `shape`, (None, None, None, C) or with numbers."""
        if self.depthwise_norm is not None:
            self.depthwise = self._convolution(shape[-1], self.side, "depthwise", groups=shape[-1])
            self.depthwise.build(shape)
            self.depthwise_norm.build(shape)
        self.conv.build(shape)
        self.norm.build((*shape[:-1], self.filters))
        self.built = True

    def call(self, features: Any, training: bool | None = None) -> Any:
        """Convolve, normalize, activate `features`."""
        if self.depthwise_norm is not None:
            features = ops.relu(self.depthwise_norm(self.depthwise(features), training=training))
        return ops.relu(self.norm(self.conv(features), training=training))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The size stays."""
        return (*shape[:-1], self.filters)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        names = ("filters", "side", "dilation", "separable", "momentum")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
