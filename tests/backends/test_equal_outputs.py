"""The same weights give the same outputs on every backend, within 1e-4 of the largest value."""

import numpy as np
import pytest

from tests.backends.exchange import compare
from tests.backends.parts import call, mask_rcnn, scaled
from tests.models.mask_rcnn.scenes import two_pictures

BACKBONES = ("mobilenet_v2", "efficientnet_b0", "resnet50")
TOLERANCE = 1e-4


@pytest.mark.parametrize("backbone", BACKBONES)
def test_features_and_logits(backbone):
    network = mask_rcnn(backbone).network

    def features(batch):
        pyramid, logits, deltas = network._features(batch["images"], training=False)
        return {**pyramid, "rpn_logits": logits, "rpn_deltas": deltas}

    found = scaled(call(features, network, two_pictures()))
    assert all(np.isfinite(value).all() and np.std(value) > 1e-3 for value in found.values())
    compare(f"features_{backbone}", found, rtol=0, atol=TOLERANCE)


def test_detections():
    model = mask_rcnn()
    found = call(model.predict, model.network, two_pictures())
    assert (found["classes"] > 0).sum() >= 8
    assert 0.01 < found["scores"].max() <= 1
    compare("detections", scaled(found), rtol=0, atol=TOLERANCE)


def test_targets_and_losses_of_the_same_samples():
    model = mask_rcnn()

    def learn(batch):
        outputs = model.forward(batch, training=True)
        rois = {name: getattr(outputs["rois"], name) for name in ("boxes", "positive", "classes", "deltas")}
        rpn = {f"rpn_{name}": getattr(outputs["rpn"], name) for name in ("index", "positive", "deltas")}
        return {**rois, **rpn, **{f"loss_{k}": v for k, v in model.compute_losses(batch, outputs).items()}}

    found = call(learn, model.network, two_pictures())
    losses = {name: value for name, value in found.items() if name.startswith("loss_")}
    assert all(np.isfinite(value) and value > 0 for value in losses.values())
    # In training, batch norm over the few cells of the coarsest maps makes more of the differences in rounding.
    compare("targets", scaled({k: v for k, v in found.items() if k not in losses}), rtol=0, atol=1e-3)
    compare("losses", losses, rtol=1e-3, atol=1e-6)
