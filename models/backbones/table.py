"""Every backbone by its name: a table of strings, so that a config is checked without importing Keras."""

from collections.abc import Mapping

_APPLICATIONS = "models.backbones.applications"

BACKBONES: Mapping[str, str] = {
    "mobilenet_v2": f"{_APPLICATIONS}.mobilenet:mobilenet_v2",
    "mobilenet_v3_large": f"{_APPLICATIONS}.mobilenet:mobilenet_v3",
    "mobilenet_v3_small": f"{_APPLICATIONS}.mobilenet:mobilenet_v3",
    "mobilenet_v3_large_torchvision": "models.backbones.mobilenet_v3:mobilenet_v3_large",
    "resnet50": "models.backbones.resnet:resnet",
    "resnet101": "models.backbones.resnet:resnet",
    "resnet152": "models.backbones.resnet:resnet",
    "resnext50_32x4d": "models.backbones.resnet:resnet",
    "resnext101_32x8d": "models.backbones.resnet:resnet",
    "resnet50_v1": f"{_APPLICATIONS}.resnet:resnet_v1",
    "resnet101_v1": f"{_APPLICATIONS}.resnet:resnet_v1",
    "resnet152_v1": f"{_APPLICATIONS}.resnet:resnet_v1",
    "resnet50_v2": f"{_APPLICATIONS}.resnet:resnet_v2",
    "resnet101_v2": f"{_APPLICATIONS}.resnet:resnet_v2",
    "resnet152_v2": f"{_APPLICATIONS}.resnet:resnet_v2",
    "efficientnet_b0": f"{_APPLICATIONS}.efficientnet:efficientnet",
    "efficientnet_b1": f"{_APPLICATIONS}.efficientnet:efficientnet",
    "efficientnet_b2": f"{_APPLICATIONS}.efficientnet:efficientnet",
    "efficientnet_b3": f"{_APPLICATIONS}.efficientnet:efficientnet",
    "efficientnet_b4": f"{_APPLICATIONS}.efficientnet:efficientnet",
    "efficientnet_v2_b0": f"{_APPLICATIONS}.efficientnet:efficientnet_v2",
    "efficientnet_v2_b1": f"{_APPLICATIONS}.efficientnet:efficientnet_v2",
    "efficientnet_v2_b2": f"{_APPLICATIONS}.efficientnet:efficientnet_v2",
    "efficientnet_v2_b3": f"{_APPLICATIONS}.efficientnet:efficientnet_v2",
    "efficientnet_v2_s": f"{_APPLICATIONS}.efficientnet:efficientnet_v2",
    "convnext_tiny": f"{_APPLICATIONS}.convnext:convnext_tiny",
    "densenet121": f"{_APPLICATIONS}.densenet:densenet121",
    "xception": f"{_APPLICATIONS}.xception:xception",
    "vgg16": f"{_APPLICATIONS}.vgg:vgg",
    "vgg19": f"{_APPLICATIONS}.vgg:vgg",
}
"""Name → `package.module:function`; the function takes a `BackboneConfig` and returns an `Architecture`."""

WITH_WIDTH = frozenset({"mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small"})
"""Backbones that have a width multiplier (`alpha`)."""
