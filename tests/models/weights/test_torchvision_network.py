"""torchvision's whole Mask R-CNN and DeepLabV3, and all its ResNets and MobileNetV3, find their places in ours."""

import numpy as np
import pytest

from base.batch import DataSpec
from base.variables import load_network_arrays, named_variables, network_arrays
from models.backbones.config import BackboneConfig
from models.backbones.mobilenet_v3 import mobilenet_v3_large
from models.backbones.resnet import VARIANTS, resnet
from models.deeplab.config import DeepLabV3Config
from models.deeplab.network import DeepLabV3Network
from models.mask_rcnn.config import MaskRCNNConfig
from models.mask_rcnn.network import MaskRCNNNetwork
from models.weights.identify import backbone_of
from models.weights.torchvision import torchvision_arrays
from models.weights.voc import VOC_CLASSES
from tests.models.deeplab_golden import FORMS
from tests.models.weights.torchvision_states import (
    CLASSES,
    deeplab_shapes,
    dense,
    mask_rcnn_shapes,
    mobilenet_v3_shapes,
    resnet_shapes,
    state,
)


def test_a_whole_mask_rcnn_is_filled():
    spec = DataSpec("instance", tuple(f"class {i}" for i in range(1, CLASSES)), (64, 64), {"max_objects": 4})
    network = MaskRCNNNetwork(MaskRCNNConfig(backbone=BackboneConfig(name="resnet50", weights=None)), spec)
    source = state(mask_rcnn_shapes())
    report = load_network_arrays(network, torchvision_arrays(source))
    assert (report.missing, report.reshaped, report.unexpected) == (["sampling_noise/seed_generator_state"], [], [])
    assert len(report.loaded) == len([name for name in source if "num_batches" not in name]) == 307
    values = network_arrays(network)
    np.testing.assert_array_equal(
        values["layer3_5_conv2/kernel"][1, 2], source["backbone.body.layer3.5.conv2.weight"][:, :, 1, 2].T
    )
    np.testing.assert_array_equal(
        values["fpn/inner_c5/kernel"][0, 0], source["backbone.fpn.inner_blocks.3.0.weight"][:, :, 0, 0].T
    )


@pytest.mark.parametrize("name", VARIANTS)
def test_the_names_of_every_resnet_are_ours(name):
    variant = VARIANTS[name]
    network = resnet(BackboneConfig(name=name, weights=None)).make((32, 32, 3))
    shapes = resnet_shapes(variant.depths, variant.groups, variant.group_width)
    arrays = torchvision_arrays({key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()})
    assert {key: value.shape for key, value in arrays.items()} == {
        path: tuple(variable.shape) for path, variable in named_variables(network).items()
    }


@pytest.mark.parametrize("form", ["resnet101", "mobilenet_v3_large"])
def test_a_whole_deeplab_is_filled(form):
    section = {"backbone": {"name": FORMS.get(form, form), "weights": None}}
    spec = DataSpec("semantic", (*VOC_CLASSES,), (64, 64))
    network = DeepLabV3Network(DeepLabV3Config.model_validate(section), spec)
    shapes = deeplab_shapes(form)
    arrays = torchvision_arrays({key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()})
    assert {key: value.shape for key, value in arrays.items()} == {
        path: tuple(variable.shape) for path, variable in named_variables(network).items() if "seed" not in path
    }
    assert backbone_of({key: value.shape for key, value in arrays.items()}) == FORMS.get(form, form)


def test_the_classifier_of_mobilenet_v3_is_left_out():
    network = mobilenet_v3_large(BackboneConfig(name="mobilenet_v3_large_torchvision", weights=None)).make((32, 32, 3))
    shapes = mobilenet_v3_shapes() | dense("classifier.0", 1280, 960) | dense("classifier.3", 1000, 1280)
    arrays = torchvision_arrays({key: np.broadcast_to(np.float32(0), shape) for key, shape in shapes.items()})
    assert {key: value.shape for key, value in arrays.items()} == {
        path: tuple(variable.shape) for path, variable in named_variables(network).items()
    }
    # torchvision's number for the whole classifier, less its dense layers.
    classifier = 960 * 1280 + 1280 + 1280 * 1000 + 1000
    assert sum(np.prod(v.shape) for v in network.trainable_variables) == 5_483_032 - classifier
