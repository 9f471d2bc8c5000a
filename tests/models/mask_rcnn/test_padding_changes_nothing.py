"""What is padded, be it ground truth or whole images, changes no other image's losses or detections."""

import numpy as np
import pytest
from keras import ops

from models.backbones.config import BackboneConfig
from models.mask_rcnn.model import MaskRCNN
from tests.models.mask_rcnn.dummy_batches import tiny_config, tiny_spec, two_images

RoIs = ("boxes", "positive", "valid", "classes", "deltas")


@pytest.fixture(scope="module")
def model():
    # Statistics of the batch would tie the images together; frozen ones do not.
    backbone = BackboneConfig(weights=None, alpha=0.35)
    model = MaskRCNN(tiny_config(backbone=backbone), tiny_spec())
    for layer in model.network.backbone._flatten_layers():
        layer.trainable = False
    return model


def learned(model, batch):
    model.network.noise.state.assign(np.array((1, 0), model.network.noise.state.dtype))
    return model.forward({name: ops.convert_to_tensor(value) for name, value in batch.items()}, training=True)


def more_ground_truth(batch, more=5):
    return {
        name: np.concatenate([value, np.zeros((2, more, *value.shape[2:]), value.dtype)], axis=1)
        if name.startswith("gt_")
        else value
        for name, value in batch.items()
    }


def an_empty_image_more(batch):
    longer = {name: np.concatenate([value, np.zeros_like(value[:1])]) for name, value in batch.items()}
    longer["image_size"][2] = batch["image_size"][0]
    return longer


@pytest.mark.parametrize("change", [more_ground_truth, an_empty_image_more])
def test_losses_of_the_other_images(model, change):
    batch = two_images()
    before, after = learned(model, batch), learned(model, change(batch))
    for group, names in (("rpn", ("index", "positive", "valid", "deltas")), ("rois", RoIs)):
        for name in names:
            one, other = (ops.convert_to_numpy(getattr(outputs[group], name))[:2] for outputs in (before, after))
            np.testing.assert_allclose(other, one, atol=1e-4, err_msg=f"{group}.{name}")
    assert ops.convert_to_numpy(before["rois"].positive).any(axis=1).all()
    for name in ("rpn_logits", "rpn_deltas", "class_logits", "box_deltas"):
        one, other = (ops.convert_to_numpy(outputs[name])[:2] for outputs in (before, after))
        np.testing.assert_allclose(other, one, atol=1e-4, err_msg=name)
    # Every term is a sum over what is sampled; with more ground truth nothing is sampled besides.
    if change is more_ground_truth:
        losses = [model.compute_losses(x, outputs) for x, outputs in ((batch, before), (change(batch), after))]
        for name, value in losses[0].items():
            assert float(losses[1][name]) == pytest.approx(float(value), rel=1e-4)
        assert float(losses[0]["mask"]) > 0


def test_detections_of_the_other_images(model):
    batch = {name: value for name, value in two_images().items() if not name.startswith("gt_")}
    before, after = (
        {name: ops.convert_to_numpy(x)[:2] for name, x in model.predict(tensors).items()}
        for tensors in (batch, an_empty_image_more(batch))
    )
    assert (before["classes"] > 0).any(axis=1).all()
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-4)
