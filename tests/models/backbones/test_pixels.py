"""Every backbone gets its pixels as it was trained on them."""

import keras
import numpy as np
import pytest
from keras import ops

from models.backbones.architecture import NormalizeImages
from models.backbones.config import BackboneConfig
from models.backbones.table import BACKBONES
from utils.registry import load_object

# What normalizes inside of the network has to be built to see how.
BUILT = {"efficientnet_v2_b1", "efficientnet_v2_b2", "efficientnet_v2_b3", "mobilenet_v3_large"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in BUILT else ()) for name in BACKBONES]
)
def test_pixels_are_normalized_as_keras_does(name):
    ramp = np.arange(256, dtype=np.float32)
    ramp = np.stack([ramp, ramp[::-1], np.roll(ramp, 100)], axis=-1).reshape(1, 16, 16, 3)
    pixels = load_object(BACKBONES[name])(BackboneConfig(name=name)).pixels
    ours = NormalizeImages(pixels.mean, pixels.std, pixels.bgr)(ramp)
    np.testing.assert_allclose(ours, _preprocessed(name, ramp), rtol=1e-4, atol=1e-4)


def _preprocessed(name, images):
    """What Keras' function for this network gives, or the first layers of a network that begins with them."""
    modules = {"mobilenet_v2": "mobilenet_v2", "vgg16": "vgg16", "vgg19": "vgg19", "xception": "xception"}
    module = modules.get(name) or {"_v1": "resnet", "_v2": "resnet_v2", "121": "densenet"}.get(name[-3:])
    if module:
        return getattr(keras.applications, module).preprocess_input(images.copy())
    # torchvision's, and what Keras adds with its weights only.
    if name.startswith(("resnet", "resnext", "efficientnet_b")) or name.endswith("_torchvision"):
        return keras.applications.imagenet_utils.preprocess_input(images.copy(), mode="torch")
    applications = {key.lower(): key for key in vars(keras.applications) if key[0].isupper()}
    make = getattr(keras.applications, applications[name.replace("_", "")])
    whole = make(include_top=False, weights=None, input_shape=(32, 32, 3))
    first = next(n for n, layer in enumerate(whole.layers) if "conv" in layer.name and "prestem" not in layer.name)
    assert first > 1, "it has no normalization of its own"
    beginning = keras.Model(whole.input, whole.layers[first - 1].output)
    return ops.convert_to_numpy(beginning(np.resize(images, (1, 32, 32, 3))))[:, :8].reshape(images.shape)
