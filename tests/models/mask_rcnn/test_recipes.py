"""Every recipe for objects of `configs/` makes a network that learns and finds, and its pixels go with its images."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.model import MaskRCNN
from tests.models.mask_rcnn.dummy_batches import tiny_spec, two_images
from tests.recipes import CONFIGS, INSTANCE
from utils.config import process_config

QUICK = {"pets", "pets_quick"}


def recipe(name):
    return process_config(CONFIGS / f"{name}.json")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in INSTANCE]
)
def test_a_recipe_makes_a_network_with_losses_and_detections(name):
    config = recipe(name).model
    backbone = config.backbone.model_copy(update={"weights": None})
    model = MaskRCNN(config.model_copy(update={"backbone": backbone, "pretrained": None}), tiny_spec())
    batch = {key: ops.convert_to_tensor(value) for key, value in two_images().items()}
    losses = model.compute_losses(batch, model.forward(batch, training=True))
    assert all(np.isfinite(float(loss)) and float(loss) >= 0 for loss in losses.values())
    assert sum(map(float, losses.values())) > 0.5
    found = {key: ops.convert_to_numpy(value) for key, value in model.predict(batch).items()}
    assert found["boxes"].shape == (2, config.detect.max_detections, 4)
    assert (found["boxes"] >= 0).all() and (found["boxes"] <= 64).all()
    keras.utils.clear_session(free_memory=True)


@pytest.mark.parametrize("name", INSTANCE)
def test_sizes_in_pixels_go_with_the_images(name):
    """Anchors reach from a tenth of an image to the whole, each about twice the one before; P4 takes half of it."""
    config = recipe(name)
    side = min(config.data.image_size)
    sizes = [level[0] for level in config.model.rpn.anchor_sizes]
    assert side / 20 < sizes[0] < side / 4 and sizes[-1] == side
    assert all(1.4 < larger / smaller < 2.2 for smaller, larger in itertools.pairwise(sizes))
    coarsest = config.model.roi.canonical_size * 2 ** (config.model.fpn.max_level - config.model.roi.canonical_level)
    assert coarsest >= 0.8 * side


@pytest.mark.parametrize("name", INSTANCE)
def test_a_recipe_has_its_own_folder_and_levels_that_the_image_fills(name):
    config = recipe(name)
    assert config.exp.name.replace("-", "_") == name
    assert all(side % 32 == 0 for side in config.data.image_size)


def test_the_recipe_that_begins_from_coco_keeps_the_rows_of_its_classes():
    config = recipe("pets_r50_fpn_coco")
    assert config.model.pretrained.weights == "coco"
    assert config.model.pretrained.classes == {"cat": "cat", "dog": "dog"} and config.data.classes == "species"
