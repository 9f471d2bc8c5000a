"""Tiny networks that label pixels, and images to try them on."""

import numpy as np

from base.batch import IGNORE, DataSpec
from models.deeplab.model import DeepLabV3, DeepLabV3Plus, SemanticFPN

SIZE = (65, 97)
"""No multiple of any stride; and odd at every one, so that a network with symmetric padding is symmetric."""
MODELS = {"deeplab_v3": DeepLabV3, "deeplab_v3_plus": DeepLabV3Plus, "semantic_fpn": SemanticFPN}
BACKBONE = {"name": "mobilenet_v2", "alpha": 0.35, "weights": None, "batch_norm": "trainable"}
SECTIONS = {
    "deeplab_v3": {"aspp": {"channels": 16, "dropout": 0.0}, "head": {"channels": 16}, "aux_head": {"dropout": 0.0}},
    "deeplab_v3_plus": {
        "aspp": {"channels": 16, "separable": True, "dropout": 0.0},
        "decoder": {"channels": 8},
        "head": {"channels": 16, "convolutions": 2, "separable": True},
    },
    "semantic_fpn": {"fpn": {"channels": 16, "extra_level": False}, "merge": {"channels": 16, "groups": 4}},
}


def tiny_config(name, **changes):
    """Every number small; `changes` replace sections."""
    return MODELS[name].config_class.model_validate({"backbone": BACKBONE, **SECTIONS[name], **changes})


def tiny_model(name, size=SIZE, initial=None, **changes):
    return MODELS[name](
        tiny_config(name, **changes), DataSpec("tests.unet.task:PixelTask", ("rectangle", "disk"), size), initial
    )


def image(seed=0, size=SIZE):
    """A noisy image with a bright rectangle (1) and a bright disk (2), ignored at their border; a sample of a batch."""
    random = np.random.default_rng(seed)
    pixels, labels = random.integers(0, 60, (*size, 3)).astype(np.uint8), np.zeros(size, np.int32)
    y, x = np.mgrid[: size[0], : size[1]]
    top, left = random.integers(4, 20, 2)
    labels[top : top + 24, left : left + 20] = 1
    distance = np.hypot(y - random.integers(20, size[0] - 20), x - random.integers(60, 75))
    labels[distance < 15] = 2
    pixels[labels == 1], pixels[labels == 2] = (250, 200, 40), (60, 160, 250)
    labels[(distance >= 14) & (distance < 15)] = IGNORE
    return {"images": pixels, "image_size": np.array(size, np.int32), "labels": labels}


def batch_of(*samples):
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}


def two_images():
    return batch_of(image(), image(1))
