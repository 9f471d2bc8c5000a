"""ConvNeXt Tiny."""

from typing import Any

import keras

from models.backbones.applications.common import (
    STANDARD,
    Shape,
    published,
    rebuilt,
    untrained,
    with_same_padding,
)
from models.backbones.architecture import Architecture
from models.backbones.config import BackboneConfig
from models.layers.convolution import Conv2D

_SHA256 = "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"


def convnext_tiny(config: BackboneConfig) -> Architecture:
    """ConvNeXt Tiny (Liu et al. 2022), whose strided convolutions are padded here, so that images of any size fit.

    Its blocks add to a stream that nothing normalizes, and its authors' detectors put a layer norm behind each stage.
    C2…C4 are the outputs of the layer norm with which the next stage starts, so it is a trained one; C5 is the
    network's last. The stem has stride 4 at once. There is no batch norm in it.
    """
    return Architecture(
        make=_make,
        stages=(
            "convnext_tiny_stem_layernorm",
            *(f"convnext_tiny_downsampling_layernorm_{i}" for i in range(3)),
            "convnext_tiny_stage_3_block_2_identity_layer_normalization",
        ),
        pixels=STANDARD,
        pretrained=published("convnext/convnext_tiny_notop.h5", _SHA256, "sha256"),
    )


@keras.saving.register_keras_serializable(package="maskeras")
class LayerScale(keras.layers.Layer):
    """x · gamma by channel (Touvron et al. 2021), as Keras' in ConvNeXt, but its weight always has the same name."""

    def __init__(self, init_values: float, projection_dim: int, **kwargs):
        super().__init__(**kwargs)
        self.init_values, self.projection_dim = init_values, projection_dim

    def build(self, inputs_shape: tuple) -> None:
        """Create `gamma`."""
        initializer: Any = keras.initializers.Constant(self.init_values)
        self.gamma = self.add_weight(name="gamma", shape=(self.projection_dim,), initializer=initializer)

    def call(self, inputs: Any) -> Any:
        """Scale the channels of `inputs`."""
        return inputs * self.gamma

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "init_values": self.init_values, "projection_dim": self.projection_dim}


def _make(shape: Shape) -> keras.Model:
    # Sizes are not known yet: nested models keep those that they were made for.
    anywhere = untrained("ConvNeXtTiny", (None, None, 3), include_preprocessing=False)
    return rebuilt(anywhere, shape, _copy)


def _copy(layer: keras.Layer, config: dict[str, Any]) -> keras.Layer:
    if type(layer).__name__ == "LayerScale":
        return LayerScale.from_config(config)
    if isinstance(layer, keras.layers.Conv2D) and layer.groups > 1:
        return Conv2D.from_config(config)
    return with_same_padding(lambda layer: isinstance(layer, keras.layers.Conv2D))(layer, config)
