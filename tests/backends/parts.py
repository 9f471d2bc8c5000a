"""What the tests of the backends share: a small Mask R-CNN by formula, and one compiled call."""

import keras
import numpy as np

from models.backbones.config import BackboneConfig
from models.mask_rcnn.config import DetectConfig
from models.mask_rcnn.model import MaskRCNN
from tests.backends.formula import fill, with_formula_noise
from tests.models.mask_rcnn.scenes import tiny_config, tiny_spec


def mask_rcnn(backbone="mobilenet_v2", same_samples=True):
    """Filled by the formula; its samples too are drawn by it, unless the backend's own generator is asked for."""
    widths = {"alpha": 0.35} if backbone == "mobilenet_v2" else {}
    config = tiny_config(
        backbone=BackboneConfig(name=backbone, weights=None, batch_norm="trainable", **widths),
        detect=DetectConfig(score=0.01, max_detections=8, candidates=60, nms_iou=0.3),
    )
    model = MaskRCNN(config, tiny_spec())
    fill(model.network)
    if same_samples:
        with_formula_noise(model.network)
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
