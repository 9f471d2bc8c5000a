import json
import subprocess
import sys

import pytest
from pydantic import ValidationError

from models.backbones.config import BackboneConfig
from models.backbones.table import BACKBONES, WITH_WIDTH
from utils.registry import load_object


def read(**values):
    return BackboneConfig.model_validate_json(json.dumps(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"name": "mobilnet_v2"}, 'did you mean "mobilenet_v2"\\? choices: .*efficientnet_b0, .*mobilenet_v2, '),
        ({"weights": "imagnet"}, 'received "imagnet"; write "imagenet", "imagenet_v2", null, or the path'),
        ({"weights": "model.pkl"}, 'received "model.pkl"'),
        ({"frozen_stages": 6}, "less than or equal to 5"),
        ({"frozen_stages": -1}, "greater than or equal to 0"),
        ({"batch_norm": "moving"}, "'frozen' or 'trainable'"),
        ({"name": "resnet50", "alpha": 0.5}, "resnet50 has no width multiplier; leave alpha at 1"),
        ({"alpha": 0}, "greater than 0"),
        ({"frozen": 1}, "Extra inputs"),
    ],
)
def test_wrong_values_are_named(values, message):
    with pytest.raises(ValidationError, match=message):
        read(**values)


def test_right_values_pass():
    config = read(name="mobilenet_v2", weights="a/b.weights.h5", alpha=0.5, frozen_stages=5, batch_norm="trainable")
    assert (config.weights, config.alpha, config.frozen_stages) == ("a/b.weights.h5", 0.5, 5)
    assert read(name="my.package:network").name == "my.package:network"
    assert read(weights=None).weights is None


def test_every_backbone_of_the_table_exists():
    assert all(callable(load_object(path)) for path in BACKBONES.values())
    assert set(BACKBONES) > WITH_WIDTH


def test_the_config_imports_no_keras():
    code = "import sys, models.backbones.config, models.layers.config; sys.exit('keras' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
