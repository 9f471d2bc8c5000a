"""Every backbone by its name: a table of strings, so that a config is checked without importing Keras."""

from collections.abc import Mapping

BACKBONES: Mapping[str, str] = {
    "mobilenet_v2": "models.backbones.applications:mobilenet_v2",
    "efficientnet_b0": "models.backbones.applications:efficientnet_b0",
    "resnet50": "models.backbones.applications:resnet50",
}
"""Name → `package.module:function`; the function takes a `BackboneConfig` and returns an `Architecture`."""

WITH_WIDTH = frozenset({"mobilenet_v2"})
"""Backbones that have a width multiplier (`alpha`)."""
