import logging

import numpy as np
import pytest

from models.mask_rcnn.anchor_check import warn_of_unreached
from models.mask_rcnn.config import RPNConfig
from models.ops.anchors import AnchorGenerator

ANCHORS = AnchorGenerator(((32.0,),), (1.0,)).grid([16], [(8, 8)])


@pytest.mark.parametrize(
    ("side", "crowd", "warned"),
    [(32, False, False), (24, False, False), (100, False, True), (6, False, True), (6, True, False)],
)
def test_objects_that_no_anchor_reaches_are_reported(side, crowd, warned, caplog):
    batch = {
        "gt_boxes": np.array(
            [[[48 - side / 2, 48 - side / 2, 48 + side / 2, 48 + side / 2], [0, 0, 0, 0]]], np.float32
        ),
        "gt_classes": np.array([[1, 0]]),
        "gt_crowd": np.array([[crowd, False]]),
    }
    with caplog.at_level(logging.WARNING, "maskeras"):
        warn_of_unreached(batch, ANCHORS, RPNConfig(anchor_sizes=((32.0,),)))
    assert bool(caplog.text) == warned
    if warned:
        assert (
            f"reach 0 of 1 objects of the first batch (IoU of 0.3 or more). The objects measure {side} to"
            in caplog.text
        )
