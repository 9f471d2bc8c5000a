"""The same weights give the same outputs on every backend, within 1e-4 of the largest value."""

import numpy as np
import pytest

from tests.backends.exchange import compare, compares_backends
from tests.backends.parts import call, mask_rcnn, scaled, semantic
from tests.models.deeplab import tiny
from tests.models.mask_rcnn.dummy_batches import two_images

OTHERS = [pytest.param(name, marks=compares_backends) for name in ("efficientnet_b0", "resnet50")]
TOLERANCE = 1e-4


@pytest.mark.parametrize("backbone", ["mobilenet_v2", *OTHERS])
def test_features_and_logits(backbone):
    network = mask_rcnn(backbone).network

    def features(batch):
        pyramid = network.pyramid(batch, training=False)
        logits, deltas = network.rpn_head(pyramid)
        return {**pyramid, "rpn_logits": logits, "rpn_deltas": deltas}

    found = scaled(call(features, network, two_images()))
    assert all(np.isfinite(value).all() and np.std(value) > 1e-3 for value in found.values())
    compare(f"features_{backbone}", found, rtol=0, atol=TOLERANCE)


@compares_backends
def test_detections():
    model = mask_rcnn()
    found = call(model.predict, model.network, two_images())
    assert (found["classes"] > 0).sum() >= 8
    assert 0.01 < found["scores"].max() <= 1
    compare("detections", scaled(found), rtol=0, atol=TOLERANCE)


def test_targets_and_losses_of_the_same_samples():
    model = mask_rcnn(batch_norm="frozen")

    def forward_train(batch):
        outputs = model.forward(batch, training=True)
        rois = {name: getattr(outputs["rois"], name) for name in ("boxes", "positive", "classes", "deltas")}
        rpn = {f"rpn_{name}": getattr(outputs["rpn"], name) for name in ("index", "positive", "deltas")}
        return {**rois, **rpn, **{f"loss_{k}": v for k, v in model.compute_losses(batch, outputs).items()}}

    found = call(forward_train, model.network, two_images())
    losses = {name: value for name, value in found.items() if name.startswith("loss_")}
    assert all(np.isfinite(value) and value > 0 for value in losses.values())
    assert (found["deltas"] != 0).any()  # a proposal is positive, not only the objects' own boxes
    compare("targets", scaled({k: v for k, v in found.items() if k not in losses}), rtol=0, atol=TOLERANCE)
    compare("losses", losses, rtol=TOLERANCE, atol=1e-6)


COMPARED = [pytest.param(name, marks=compares_backends) for name in ("deeplab_v3_plus", "semantic_fpn")]


@pytest.mark.parametrize("name", ["deeplab_v3", *COMPARED])
def test_logits_and_losses_of_labels(name):
    model = semantic(name)

    def inference(batch):
        features = model.network.features(batch, training=False)
        outputs = {"out": model.network.enlarge(model.network.head(model.network.neck(features, training=False)))}
        if model.network.aux_head is not None:
            outputs["aux"] = model.network.enlarge(model.network.aux_head(features[model.network.aux_feature]))
        losses = {f"loss_{key}": value for key, value in model.compute_losses(batch, outputs).items()}
        return {**features, **outputs, **losses}

    found = call(inference, model.network, tiny.two_images())
    losses = {key: value for key, value in found.items() if key.startswith("loss_")}
    assert all(np.isfinite(value) and value > 0 for value in losses.values())
    values = scaled({key: value for key, value in found.items() if key not in losses})
    assert all(np.isfinite(value).all() and np.std(value) > 1e-3 for value in values.values())
    compare(f"labels_{name}", values, rtol=0, atol=TOLERANCE)
    compare(f"label_losses_{name}", losses, rtol=TOLERANCE, atol=1e-6)
