"""torchvision's whole Mask R-CNN and all its ResNets find their places in ours."""

import numpy as np
import pytest

from base.batch import DataSpec
from base.variables import load_network_arrays, named_variables, network_arrays
from models.backbones.config import BackboneConfig
from models.backbones.resnet import VARIANTS, resnet
from models.mask_rcnn.config import MaskRCNNConfig
from models.mask_rcnn.network import MaskRCNNNetwork
from models.weights.torchvision import torchvision_arrays
from tests.models.weights.torchvision_states import CLASSES, mask_rcnn_shapes, resnet_shapes, state


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
