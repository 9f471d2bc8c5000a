"""What the builder has to know of a network, and the layer that normalizes images for it."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import ops

from models.weights.sources import Pretrained


@dataclass(frozen=True)
class Pixels:
    """How a network wants its images: `(x - mean) / std` for x in 0…255, by channel: RGB, or BGR if `bgr`."""

    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False


@dataclass(frozen=True)
class Architecture:
    """A network that can become a backbone.

    Attributes:
        make: (H, W, 3) → the functional network without its classifier, with random weights. Weight files are loaded
            into exactly this network.
        stages: names of the layers whose outputs are C1…C5, of strides 2, 4, 8, 16 and 32. C1 only marks where the
            stem ends.
        pixels: the normalization that comes before the network.
        pretrained: the file for `weights: "imagenet"`; None where none is published.
        pretrained_v2: the same for `weights: "imagenet_v2"`, torchvision's later recipe.
        dilates_at_once: with an output stride below 32: see `models.backbones.dilation.dilated`.
        auxiliary: the layer that an auxiliary head reads, where published networks do not take C4 for it.
        starts_at: the first layer that is kept, for a network that starts with its own normalization.
        check: called after a file was loaded; raises ValueError if its values contradict `pixels`.
    """

    make: Callable[[tuple[int, int, int]], keras.Model]
    stages: tuple[str, ...]
    pixels: Pixels
    pretrained: Pretrained | None = None
    starts_at: str | None = None
    check: Callable[[keras.Model], None] | None = None
    pretrained_v2: Pretrained | None = None
    dilates_at_once: bool = False
    auxiliary: str | None = None


@keras.saving.register_keras_serializable(package="maskeras")
class NormalizeImages(keras.layers.Layer):
    """(B, H, W, 3) RGB in 0…255 → (B, H, W, 3) as the network wants it, in float32 under every dtype policy.

    bfloat16 has 8 bits of mantissa: a resized image would lose its fine shades before the first convolution.
    """

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...], bgr: bool = False, **kwargs):
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.mean, self.std, self.bgr = tuple(mean), tuple(std), bgr

    def call(self, images):
        """Normalize `images`."""
        images = ops.flip(images, axis=-1) if self.bgr else images
        return (images - ops.convert_to_tensor(self.mean, "float32")) / ops.convert_to_tensor(self.std, "float32")

    @property
    def neutral(self) -> tuple[float, ...]:
        """The RGB color that becomes 0."""
        return self.mean[::-1] if self.bgr else self.mean

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {**super().get_config(), "mean": list(self.mean), "std": list(self.std), "bgr": self.bgr}
