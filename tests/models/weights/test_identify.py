import h5py
import keras
import numpy as np
import pytest

from models.backbones.resnet import VARIANTS
from models.weights.fill import _look_into
from models.weights.identify import backbone_of
from models.weights.torchvision import torchvision_arrays
from tests.models.weights.torchvision_states import mask_rcnn_shapes, resnet_shapes


def shapes_of(names):
    arrays = torchvision_arrays({name: np.broadcast_to(np.float32(0), shape) for name, shape in names.items()})
    return {name: value.shape for name, value in arrays.items()}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_resnet_is_known_by_its_blocks_and_widths(name):
    variant = VARIANTS[name]
    assert backbone_of(shapes_of(resnet_shapes(variant.depths, variant.groups, variant.group_width))) == name


def test_other_resnets_of_torchvision_are_known_too():
    assert backbone_of(shapes_of(resnet_shapes((3, 4, 6, 3), 1, 128))) == "wide_resnet50_2"
    assert backbone_of(shapes_of(resnet_shapes((3, 4, 23, 3), 64, 4))) == "resnext101_64x4d"
    basic = {f"layer{s}.{b}.conv{c}.weight": (64, 64, 3, 3) for s in range(1, 5) for b in range(2) for c in (1, 2)}
    assert backbone_of(shapes_of(basic)) == "resnet18"


def test_a_whole_mask_rcnn_has_the_name_of_its_backbone():
    assert backbone_of(shapes_of(mask_rcnn_shapes())) == "resnet50"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["features.0.0.weight", "features.18.0.weight"], "mobilenet_v2 of torchvision"),
        (["features.34.weight"], "a VGG of torchvision"),
        (["my_layer/kernel"], None),
        ([], None),
    ],
)
def test_other_names(names, expected):
    assert backbone_of(dict.fromkeys(names, ())) == expected


APPLICATIONS = {
    "mobilenet_v2": keras.applications.MobileNetV2,
    "resnet50_v1": keras.applications.ResNet50,
    "resnet50_v2": keras.applications.ResNet50V2,
    "vgg16": keras.applications.VGG16,
    "vgg19": keras.applications.VGG19,
    "xception": keras.applications.Xception,
    "mobilenet_v3_large": keras.applications.MobileNetV3Large,
    "mobilenet_v3_small": keras.applications.MobileNetV3Small,
    "densenet121, 169 or 201": keras.applications.DenseNet121,
    "an EfficientNet": keras.applications.EfficientNetB0,
    "an EfficientNetV2": keras.applications.EfficientNetV2B0,
    "convnext_tiny": keras.applications.ConvNeXtTiny,
}


@pytest.mark.parametrize("expected", APPLICATIONS)
def test_networks_of_keras_are_known_by_their_layers(expected):
    network = APPLICATIONS[expected](include_top=False, weights=None, input_shape=(75, 75, 3))
    assert backbone_of(dict.fromkeys((layer.name for layer in network.layers), ())) == expected


def test_the_layers_of_both_formats_of_keras_are_found(tmp_path):
    inputs = keras.Input((8, 8, 3))
    outputs = keras.layers.Dense(2, name="top")(keras.layers.Conv2D(2, 3, name="block5_conv4")(inputs))
    network = keras.Model(inputs, outputs)
    network.save_weights(tmp_path / "new.weights.h5")
    network.save(tmp_path / "old.h5")
    for name in ("new.weights.h5", "old.h5"):
        names, kernels = _look_into(tmp_path / name)
        assert {"block5_conv4", "top"} <= set(names) and kernels == 1
    with h5py.File(tmp_path / "bytes.h5", "w") as file:
        file.attrs["layer_names"] = [b"block5_conv3"]
    assert _look_into(tmp_path / "bytes.h5") == (["block5_conv3"], 0)
