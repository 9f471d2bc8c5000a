"""What the families share: where Keras has the weights, how pixels come in, changes to its networks."""

import re
from collections.abc import Callable
from typing import Any, Literal

import keras

from models.backbones.architecture import Pixels
from models.weights.sources import Pretrained
from utils.checksum import Checksum

FILES = "https://storage.googleapis.com/tensorflow/keras-applications"
"""Where Keras publishes the weights of its applications."""

SIGNED = Pixels(mean=(127.5,) * 3, std=(127.5,) * 3)
"""x / 127.5 − 1: TensorFlow's own networks."""

CAFFE = Pixels(mean=(103.939, 116.779, 123.68), std=(1.0,) * 3, bgr=True)
"""BGR minus ImageNet's mean: the first ResNets and VGG."""

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

STANDARD = Pixels(mean=tuple(255 * m for m in IMAGENET_MEAN), std=tuple(255 * s for s in IMAGENET_STD))
"""(x / 255 − mean) / std: EfficientNet, DenseNet, ConvNeXt, and everything from torchvision."""

Shape = tuple[int | None, int | None, int]
"""Height, width and channels of images; a size that is None may be any."""

Copy = Callable[[keras.Layer, dict[str, Any]], keras.Layer]


def published(path: str, digits: str | None = None, algorithm: Literal["md5", "sha256"] = "md5") -> Pretrained:
    """The file of weights that Keras publishes at `path`, with the checksum that it gives for it, if any."""
    return Pretrained(f"{FILES}/{path}", Checksum(algorithm, digits) if digits else None)


def untrained(application: str, shape: Shape, **kwargs) -> keras.Model:
    """`keras.applications.<application>` for images of `shape` (H, W, 3), without its classifier."""
    return getattr(keras.applications, application)(include_top=False, weights=None, input_shape=shape, **kwargs)


def without_dropout(network: keras.Model) -> keras.Model:
    """`network` itself. With stochastic depth a frozen stage would give other features in training than otherwise."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return network


def as_it_is(layer: keras.Layer, config: dict[str, Any]) -> keras.Layer:
    """A new layer of `config`."""
    return type(layer).from_config(config)


def with_same_padding(chosen: Callable[[keras.Layer], bool]) -> Copy:
    """For `rebuilt`: pads at the far edges what is `chosen`, so that half of an odd size is rounded up, not down.

    Where the sizes are even nothing changes; where they are not, the network would leave the last row or column out,
    and its features would not be ⌈H / stride⌉ high.
    """

    def copy(layer: keras.Layer, config: dict[str, Any]) -> keras.Layer:
        return as_it_is(layer, {**config, "padding": "same"} if chosen(layer) else config)

    return copy


def rebuilt(network: keras.Model, shape: Shape, copy: Copy = as_it_is) -> keras.Model:
    """The same untrained network for images of `shape`, with names that are the same each time.

    A layer that Keras named itself, `activation_19`, has another number in every network that is built, and a
    checkpoint knows weights by such names. It gets the name of the layer before it in front instead of the number.

    Args:
        network: also a nest of models.
        shape: (H, W, 3).
        copy: (layer, its config) → a new layer of that config, for layers to be replaced.
    """
    before = "input"

    def clone(layer: Any) -> Any:
        nonlocal before
        config = layer.get_config()
        if not isinstance(layer, keras.Layer):  # such as the sum that `x + y` makes
            return type(layer).from_config(config)
        kind = re.sub(r"_\d+$", "", layer.name)
        if kind.replace("_", "") == type(layer).__name__.lower():
            config["name"] = f"{before}_{kind}"
        before = config["name"]
        return copy(layer, config)

    return keras.models.clone_model(network, input_tensors=keras.Input(shape), clone_function=clone, recursive=True)
