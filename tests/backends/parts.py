"""What the tests of the backends share: small networks by formula, and one compiled call."""

import keras
import numpy as np

from base.initial_weights import InitialWeights
from models.backbones.config import BackboneConfig
from models.mask_rcnn.config import DetectConfig
from models.mask_rcnn.model import MaskRCNN
from tests.backends.formula import fill, with_formula_noise
from tests.models.deeplab.tiny import BACKBONE, tiny_model
from tests.models.mask_rcnn.dummy_batches import tiny_config, tiny_spec


def mask_rcnn(backbone="mobilenet_v2", same_samples=True, batch_norm="trainable"):
    """Filled by the formula; its samples too are drawn by it, unless the backend's own generator is asked for.

    Deep networks of random weights whose batch norm follows the batch cannot be compared in training: on one and the
    same backend weights that differ by 1e-6 have gradients that differ by 7 %.
    """
    widths = {"alpha": 0.35} if backbone == "mobilenet_v2" else {}
    config = tiny_config(
        backbone=BackboneConfig(name=backbone, weights=None, batch_norm=batch_norm, **widths),
        # Without training few proposals meet an object: all levels have some, close to their anchors.
        rpn=tiny_config().rpn.model_copy(update={"delta_weights": (5.0,) * 4, "post_nms_top_n_train": 180}),
        box_head=tiny_config().box_head.model_copy(update={"positive_iou": 0.3}),
        detect=DetectConfig(score_threshold=0.01, max_detections=8, pre_nms_top_n=60, nms_iou=0.3),
    )
    # What comes from a formula may be frozen, as what a checkpoint brings.
    model = MaskRCNN(config, tiny_spec(), initial=InitialWeights("a formula", pretrained=True))
    fill(model.network)
    if same_samples:
        with_formula_noise(model.network)
    return model


def semantic(name):
    """A network of `tests.models.deeplab.tiny` filled by the formula; its batch norm is frozen, see `mask_rcnn`."""
    frozen = {**BACKBONE, "batch_norm": "frozen"}
    model = tiny_model(name, initial=InitialWeights("a formula", pretrained=True), backbone=frozen)
    fill(model.network)
    return model


def call(function, network, batch):
    """`function(batch)` as arrays; compiled on JAX, which would compile each of its operations alone instead."""
    if keras.backend.backend() != "jax":
        return arrays(function({name: keras.ops.convert_to_tensor(value) for name, value in batch.items()}))
    import jax  # noqa: PLC0415 - not installed everywhere

    def pure(values, batch):
        with keras.StatelessScope(zip(network.variables, values, strict=True)):
            return function(batch)

    return arrays(jax.jit(pure)([variable.value for variable in network.variables], batch))


def arrays(values):
    return {name: keras.ops.convert_to_numpy(value) for name, value in values.items()}


def scaled(values):
    """Each array relative to its largest value, so that one tolerance fits features and probabilities."""
    return {name: value / max(1e-6, np.abs(value).max()) for name, value in values.items()}
