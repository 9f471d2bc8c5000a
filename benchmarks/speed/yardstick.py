"""A bare ResNet-50, the yardstick: ratios to it can be compared between machines."""

from typing import Any

import keras
from keras import ops

from base.base_model import BaseModel

NAME = "bare keras.applications.ResNet50"
"""Its name in the results. It is ResNet v1: the stride is in the 1×1 convolution, unlike in the backbone `resnet50`."""


class Yardstick(BaseModel):
    """`keras.applications.ResNet50` without its classifier, as Keras has it: all of it is trained."""

    def build_model(self) -> keras.Model:
        """Random weights, nothing before or behind."""
        shape = (*self.spec.image_size, 3)
        return keras.applications.ResNet50(include_top=False, weights=None, input_shape=shape)

    def forward(self, batch: dict[str, Any], training: bool) -> Any:
        """The feature of stride 32, from pixels in -1…1."""
        return self.network(ops.cast(batch["images"], "float32") / 127.5 - 1.0, training=training)

    def predict(self, batch: dict[str, Any]) -> dict[str, Any]:
        """The feature."""
        return {"feature": self.forward(batch, training=False)}

    def compute_losses(self, batch: dict[str, Any], outputs: Any) -> dict[str, Any]:
        """A loss that every weight has a part in and that costs next to nothing."""
        return {"square": ops.mean(ops.square(ops.cast(outputs, "float32")))}
