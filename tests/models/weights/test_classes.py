import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from models.mask_rcnn.config import MaskRCNNConfig
from models.weights.classes import class_rows, with_rows
from models.weights.coco import COCO_CLASSES, ROWS
from models.weights.config import PretrainedConfig
from models.weights.design import MASK_RCNN
from models.weights.errors import WeightsError

ANNOTATIONS = Path(__file__).parents[4] / "shared" / "data" / "coco128" / "annotations" / "instances_train2017.json"


def test_cocos_numbers_with_their_gaps():
    assert len(COCO_CLASSES) == 80 and sorted(COCO_CLASSES.values()) == list(COCO_CLASSES.values())
    assert (COCO_CLASSES["person"], COCO_CLASSES["cat"], COCO_CLASSES["dog"], COCO_CLASSES["toothbrush"]) == (
        1,
        17,
        18,
        90,
    )
    gaps = set(range(1, ROWS)) - set(COCO_CLASSES.values())
    assert gaps == {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}


def test_the_names_are_those_of_the_annotations():
    files = list(ANNOTATIONS.parents[1].rglob("instances_train2017.json"))
    if not files:
        pytest.skip(f"COCO's annotations are not in {ANNOTATIONS.parents[1]}")
    categories = json.loads(files[0].read_text(encoding="utf-8"))["categories"]
    assert {category["name"]: category["id"] for category in categories} == COCO_CLASSES


def heads(classes, hidden=3, channels=2, start=0.0):
    """Heads in which every number tells its row and its place in it; `classes` with the background."""

    def values(layer, width, rows, *shape):
        row = np.repeat(np.arange(rows), width) * 1000.0 + np.tile(np.arange(width), rows) + start
        kernel = np.broadcast_to(row, (*shape, rows * width)) + np.arange(shape[-1])[:, None] * 10
        return {f"{layer}/kernel": kernel.astype(np.float32), f"{layer}/bias": row.astype(np.float32)}

    return {
        **values("box_head/logits", 1, classes, hidden),
        **values("box_head/deltas", 4, classes, hidden),
        **values("mask_head/logits", 1, classes - 1, 1, 1, channels),
    }


def test_just_the_rows_of_the_named_classes_are_taken():
    rows = class_rows(("dog", "rabbit", "cat"), {"cat": "cat", "dog": "dog"}, MASK_RCNN)
    assert rows == [18, None, 17]
    theirs, ours = heads(ROWS), heads(4, start=0.5)
    found = with_rows({**theirs, "conv1/kernel": np.ones(1)}, ours, rows, MASK_RCNN)
    assert set(found) == {*theirs, "conv1/kernel"}
    for leaf in ("kernel", "bias"):
        logits, deltas, masks = (
            f"{layer}/{leaf}" for layer in ("box_head/logits", "box_head/deltas", "mask_head/logits")
        )
        np.testing.assert_array_equal(found[logits][..., [0, 1, 3]], theirs[logits][..., [0, 18, 17]])
        np.testing.assert_array_equal(found[logits][..., 2], ours[logits][..., 2])
        for place, row in ((0, 0), (1, 18), (3, 17)):
            taken = theirs[deltas][..., 4 * row : 4 * row + 4]
            np.testing.assert_array_equal(found[deltas][..., 4 * place : 4 * place + 4], taken)
        np.testing.assert_array_equal(found[deltas][..., 8:12], ours[deltas][..., 8:12])
        np.testing.assert_array_equal(found[masks][..., [0, 2]], theirs[masks][..., [17, 16]])  # no background in these
        np.testing.assert_array_equal(found[masks][..., 1], ours[masks][..., 1])


def test_two_classes_may_take_the_same_rows_and_all_may_be_new():
    rows = class_rows(("pug", "beagle"), {"pug": "dog", "beagle": "dog"}, MASK_RCNN)
    found = with_rows(heads(ROWS), heads(3, start=0.5), rows, MASK_RCNN)
    assert found["box_head/logits/bias"].tolist() == [0.0, 18000.0, 18000.0]
    rows = class_rows(("pug", "beagle"), {}, MASK_RCNN)
    found = with_rows(heads(ROWS), heads(3, start=0.5), rows, MASK_RCNN)
    assert found["box_head/logits/bias"].tolist() == [0.0, 1000.5, 2000.5]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"box_head/logits/kernel": np.zeros((3, 81))},
            r"box_head/logits/kernel is \(3, 81\), and COCO's rows .* \(3, 91\)",
        ),
        ({"box_head/deltas/bias": np.zeros(91)}, r"box_head/deltas/bias is \(91,\), .* \(364,\)"),
        ({"mask_head/logits/kernel": None}, r"mask_head/logits/kernel is not there"),
    ],
)
def test_heads_that_are_not_cocos_are_an_error(change, reason):
    arrays = {name: value for name, value in {**heads(ROWS), **change}.items() if value is not None}
    with pytest.raises(WeightsError, match=reason):
        with_rows(arrays, heads(2), [17], MASK_RCNN)


def test_a_class_that_is_none_of_the_datas_is_an_error():
    with pytest.raises(WeightsError, match='received "cats", which is no class of the data; the nearest are cat'):
        class_rows(("cat", "dog"), {"cats": "cat"}, MASK_RCNN)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"classes": {"cat": "kat"}}, 'received "kat" for "cat", which is no class of COCO; the nearest are cat'),
        ({"classes": {"pet": "Dog"}}, "the nearest are dog, hot dog"),
        ({"classes": {"x": "qqqq"}}, "there are person, bicycle"),
        ({"classes": {"x": "__background__"}}, "no class of COCO"),
        ({"classes": {"x": "N/A"}}, "no class of COCO"),
        ({"weights": "cocoo"}, 'received "cocoo"; write "coco", or the path'),
        ({"weights": "a.h5"}, "ends with .pth or .safetensors or .npz"),
        ({"weights": None}, "valid string"),
        ({"class": {}}, "Extra inputs"),
    ],
)
def test_wrong_values_are_named(values, reason):
    with pytest.raises(ValidationError, match=reason):
        PretrainedConfig.model_validate_json(json.dumps(values))


def test_right_values_pass():
    for weights in ("coco", "a/b.pth", "~/c.npz", "https://example.org/x.safetensors?download=true"):
        assert PretrainedConfig.model_validate_json(json.dumps({"weights": weights})).weights == weights
    assert MaskRCNNConfig().pretrained is None


def test_a_run_has_one_beginning():
    values = {"init_from": "runs/a/checkpoints/ckpt-1", "pretrained": {}}
    with pytest.raises(
        ValidationError, match=r'received init_from ".*ckpt-1" and pretrained "coco"; .* leave the other out'
    ):
        MaskRCNNConfig.model_validate_json(json.dumps(values))
