"""A U-Net (Ronneberger et al. 2015) with two levels."""

import keras
from keras import layers, ops

from base.base_model import BaseModel
from base.batch import IGNORE
from base.config import ModelConfig


class UNetConfig(ModelConfig):
    """A small U-Net."""

    name: str = "tests.unet.model:UNet"
    """The dotted path of the class."""
    width: int = 8
    """Channels of the finest level."""


class UNet(BaseModel):
    config_class = UNetConfig
    task = "tests.unet.task:PixelTask"

    def build_model(self):
        images = keras.Input((*self.spec.image_size, 3), dtype="uint8", name="images")
        x = layers.Rescaling(1 / 127.5, -1, name="scale")(images)
        fine = convolution(x, self.config.width, "down_1")
        coarse = convolution(layers.MaxPooling2D(name="pool")(fine), 2 * self.config.width, "down_2")
        up = layers.UpSampling2D(name="up")(coarse)
        x = convolution(layers.Concatenate(name="skip")([fine, up]), self.config.width, "up_1")
        logits = layers.Conv2D(self.spec.num_classes + 1, 1, dtype="float32", name="logits")(x)
        return keras.Model(images, logits, name="unet")

    def compute_losses(self, batch, outputs):
        counted = ops.cast(batch["labels"] != IGNORE, "float32")
        labels = ops.where(batch["labels"] == IGNORE, 0, batch["labels"])
        loss = keras.losses.sparse_categorical_crossentropy(labels, outputs, from_logits=True)
        return {"cross_entropy": ops.sum(loss * counted) / ops.maximum(ops.sum(counted), 1.0)}

    def predict(self, batch):
        return {"labels": ops.cast(ops.argmax(self.forward(batch, training=False), axis=-1), "int32")}


def convolution(x, channels, name):
    return layers.ReLU(name=f"{name}_relu")(layers.Conv2D(channels, 3, padding="same", name=name)(x))
