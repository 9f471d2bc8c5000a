"""The parts, one after the other, are the inference."""

import keras
import numpy as np
import pytest
from keras import ops

from benchmarks.speed.mask_rcnn_parts import PARTS
from benchmarks.speed.parts import parts_of, time_parts
from models.mask_rcnn.config import DetectConfig
from models.mask_rcnn.network import MaskRCNNNetwork
from tests.models.deeplab.tiny import MODELS, tiny_model
from tests.models.mask_rcnn.dummy_batches import tiny_config, tiny_spec, two_images


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(3)
    # More room than detections that overlap so little, so that some of it is padding.
    network = MaskRCNNNetwork(
        tiny_config(detect=DetectConfig(score_threshold=0.01, nms_iou=0.05, max_detections=30, pre_nms_top_n=60)),
        tiny_spec(),
    )
    # Heads start near 0, where every box has the same score.
    generator = np.random.default_rng(0)
    for layer in (network.box_head.logits, network.box_head.deltas, network.rpn_head.objectness):
        layer.kernel.assign(generator.normal(0, 1.0, layer.kernel.shape))
    return network


@pytest.fixture(scope="module")
def batch():
    images = two_images()
    images["image_size"][1] = 50, 60
    return {key: ops.convert_to_tensor(images[key]) for key in ("images", "image_size")}


def test_the_parts_in_a_row_give_what_the_network_infers(network, batch):
    state = dict(batch)
    for work in PARTS.values():
        state |= work(network, state)
    whole = network.forward_inference(batch)
    found = ops.convert_to_numpy(whole["classes"]) > 0
    assert found.any() and not found.all()
    assert set(whole) == {"boxes", "scores", "classes", "masks"}
    for name, value in whole.items():
        ours = ops.convert_to_numpy(state[name])
        np.testing.assert_allclose(ours, ops.convert_to_numpy(value), atol=1e-5, err_msg=name)
    masks = ops.convert_to_numpy(whole["masks"])
    assert masks[found].any() and not masks[~found].any()


@pytest.mark.parametrize("name", MODELS)
def test_the_parts_in_a_row_give_the_labels(name, batch):
    model = tiny_model(name, size=(64, 64))
    state = dict(batch)
    for work in parts_of(model.network).values():
        state |= work(model.network, state)
    labels = ops.convert_to_numpy(model.predict(batch)["labels"])
    np.testing.assert_array_equal(ops.convert_to_numpy(state["labels"]), labels)
    assert len(np.unique(labels)) > 1


def test_a_network_of_ones_own_has_no_parts():
    assert time_parts(keras.Sequential(), {"images": 0, "image_size": 0}, 1, False) == {}


@pytest.mark.slow
def test_each_part_is_timed_alone(network, batch):
    times = time_parts(network, batch, rounds=2, jit_compile=False)
    assert list(times) == list(PARTS)
    assert all(len(taken.rest) == 2 and min(taken.rest) > 0 for taken in times.values())
