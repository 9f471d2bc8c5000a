import json

import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, MaskHeadConfig
from models.mask_rcnn.heads import BoxHead, MaskHead, of_class
from models.mask_rcnn.rpn import RPNHead
from tests.models.layer_contract import check_layer


def pyramid(batch=2, channels=6):
    generator = np.random.default_rng(0)
    sizes = {"P2": (5, 4), "P3": (3, 2), "P4": (2, 1)}
    return {n: generator.normal(size=(batch, *size, channels)).astype(np.float32) for n, size in sizes.items()}


def pooled(side, batch=2, number=3, channels=6):
    return np.random.default_rng(1).normal(size=(batch, number, side, side, channels)).astype(np.float32)


def box_head():
    return BoxHead(BoxHeadConfig(pool_size=3, hidden=8, delta_weights=(1.0, 2.0, 3.0, 4.0)), 6, 2)


def mask_head():
    return MaskHead(MaskHeadConfig(pool_size=4, channels=(5, 7), upsample_channels=4), 6, 2)


def test_rpn_head_holds_the_contract(tmp_path):
    check_layer(lambda: RPNHead(6, 3), pyramid(), tmp_path)


def test_box_head_holds_the_contract(tmp_path):
    check_layer(box_head, pooled(3), tmp_path)


def test_mask_head_holds_the_contract(tmp_path):
    check_layer(mask_head, pooled(4), tmp_path)


@pytest.mark.parametrize("make", [box_head, mask_head])
def test_a_head_made_again_has_the_same_section(make):
    head = make()
    again = type(head).from_config(json.loads(json.dumps(head.get_config())))
    assert again.config == head.config
    assert (again.channels, again.num_classes) == (6, 2)


def test_rpn_head_lists_levels_then_rows_then_columns_then_anchors():
    head = RPNHead(1, 2)
    maps = {"P2": np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1), "P3": np.full((1, 1, 1, 1), 9, np.float32)}
    head(maps)
    center = np.zeros((3, 3, 1, 1))
    center[1, 1] = 1
    head.conv.kernel.assign(center)
    head.objectness.kernel.assign(np.array([1, 10]).reshape(1, 1, 1, 2))
    head.deltas.kernel.assign(np.array([1, 2, 3, 4, 10, 20, 30, 40]).reshape(1, 1, 1, 8))
    logits, deltas = (ops.convert_to_numpy(x)[0] for x in head(maps))
    np.testing.assert_allclose(logits, [0, 0, 1, 10, 2, 20, 3, 30, 4, 40, 5, 50, 9, 90])
    np.testing.assert_allclose(deltas[4], [2, 4, 6, 8])
    np.testing.assert_allclose(deltas[13], [90, 180, 270, 360])


def test_rpn_head_has_one_set_of_weights_for_all_levels():
    head = RPNHead(6, 3)
    head(pyramid())
    assert [weight.path for weight in head.weights] == [
        f"rpn_head/{layer}/{kind}" for layer in ("conv", "objectness", "deltas") for kind in ("kernel", "bias")
    ]
    maps = pyramid()
    alone, together = head({"P3": maps["P3"]})[0], head(maps)[0]
    np.testing.assert_allclose(
        ops.convert_to_numpy(alone), ops.convert_to_numpy(together)[:, 60:78], rtol=1e-5, atol=1e-6
    )


def test_box_head_answers_for_each_box_alone():
    head, features = box_head(), pooled(3)
    logits, deltas = head(features)
    assert logits.shape == (2, 3, 3) and deltas.shape == (2, 3, 3, 4)
    changed = features.copy()
    changed[1, 2] += 1
    new_logits, new_deltas = head(changed)
    for before, after in ((logits, new_logits), (deltas, new_deltas)):
        differs = np.abs(ops.convert_to_numpy(before) - ops.convert_to_numpy(after)).reshape(2, 3, -1).max(-1) > 1e-6
        np.testing.assert_array_equal(differs, [[False] * 3, [False, False, True]])


def test_mask_head_doubles_the_side_and_keeps_left_and_right():
    head = MaskHead(MaskHeadConfig(pool_size=2, channels=(), upsample_channels=1), 1, 1)
    features = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32).reshape(1, 1, 2, 2, 1)
    head(features)
    head.upsample.kernel.assign(np.ones((2, 2, 1, 1)))
    head.logits.kernel.assign(np.full((1, 1, 1, 1), 10.0))
    result = ops.convert_to_numpy(head(features))[0, 0, ..., 0]
    np.testing.assert_allclose(result, [[10, 10, 20, 20], [10, 10, 20, 20], [30, 30, 40, 40], [30, 30, 40, 40]])


def test_of_class_picks_the_entry_of_each_box():
    values = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
    values = np.moveaxis(values, 2, -1)
    picked = ops.convert_to_numpy(of_class(ops.convert_to_tensor(values), np.array([[0, 2], [1, 1]])))
    expected = [[values[0, 0, :, 0], values[0, 1, :, 2]], [values[1, 0, :, 1], values[1, 1, :, 1]]]
    np.testing.assert_array_equal(picked, expected)
