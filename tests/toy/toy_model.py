"""A model in 30 lines, as the checklist "add a model" asks: a section, `build_model`, `compute_losses`."""

import keras

from base.base_model import BaseModel
from base.config import ModelConfig


class ToyModelConfig(ModelConfig):
    name: str = "tests.toy.toy_model:ToyModel"
    units: int = 8


class ToyModel(BaseModel):
    config_class = ToyModelConfig

    def build_model(self):
        images = keras.Input((*self.spec.image_size, 3), dtype="uint8", name="images")
        x = keras.layers.Flatten(name="flat")(keras.layers.Rescaling(1 / 127.5, -1, name="scale")(images))
        x = keras.layers.GaussianNoise(0.1, name="noise")(x)
        x = keras.layers.Dropout(0.2, name="drop")(keras.layers.Dense(self.config.units, "relu", name="hidden")(x))
        return keras.Model(images, keras.layers.Dense(self.spec.num_classes, name="logits")(x), name="toy")

    def compute_losses(self, batch, outputs):
        loss = keras.losses.sparse_categorical_crossentropy(batch["gt_class"], outputs, from_logits=True)
        return {"cross_entropy": keras.ops.mean(keras.ops.cast(loss, "float32"))}

    def predict(self, batch):
        return {"classes": keras.ops.argmax(self.forward(batch, training=False), axis=-1)}
