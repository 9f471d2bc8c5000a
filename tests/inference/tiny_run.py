"""The folder of a run whose model is a tiny untrained Mask R-CNN, with category ids that have a gap."""

from dataclasses import replace

import keras

from models.mask_rcnn.model import MaskRCNN
from tests.models.mask_rcnn.dummy_batches import tiny_config, tiny_spec

CATEGORY_IDS = (7, 90)


def write_run(folder):
    """One checkpoint in `folder/checkpoints`; its detections have different scores, masks and classes."""
    keras.utils.set_random_seed(3)
    model = MaskRCNN(tiny_config(), replace(tiny_spec(), category_ids=CATEGORY_IDS))
    for layer in (model.network.box_head.logits, model.network.mask_head.logits):  # else every box has the same score
        layer.kernel.assign(layer.kernel * 50)
    model.init_saver(folder / "checkpoints")
    model.save()
    return folder
