"""Every backbone by its name: a table of strings, so that a config is checked without importing Keras."""

from collections.abc import Mapping

BACKBONES: Mapping[str, str] = {
    "mobilenet_v2": "models.backbones.applications:mobilenet_v2",
    "efficientnet_b0": "models.backbones.applications:efficientnet_b0",
    "resnet50": "models.backbones.resnet:resnet",
    "resnet101": "models.backbones.resnet:resnet",
    "resnet152": "models.backbones.resnet:resnet",
    "resnext50_32x4d": "models.backbones.resnet:resnet",
    "resnext101_32x8d": "models.backbones.resnet:resnet",
    "resnet50_v1": "models.backbones.applications:resnet_v1",
    "resnet101_v1": "models.backbones.applications:resnet_v1",
    "resnet152_v1": "models.backbones.applications:resnet_v1",
}
"""Name → `package.module:function`; the function takes a `BackboneConfig` and returns an `Architecture`."""

WITH_WIDTH = frozenset({"mobilenet_v2"})
"""Backbones that have a width multiplier (`alpha`)."""
