import json

import numpy as np
import pytest
from keras import ops
from pydantic import ValidationError

from models.layers.aspp import ASPP
from models.layers.config import ASPPConfig
from tests.models.layer_contract import check_layer

FEATURES = np.random.default_rng(0).normal(size=(3, 9, 7, 6)).astype(np.float32)
SMALL = ASPPConfig(channels=4, rates=(2, 3), dropout=0.0)


@pytest.mark.parametrize("separable", [False, True])
def test_contract(separable, tmp_path):
    config = SMALL.model_copy(update={"separable": separable})
    # The contract trains in between: with this momentum the statistics stay as they are.
    check_layer(lambda: ASPP(config, 16, momentum=1.0, name="aspp"), FEATURES, tmp_path)


def test_rates_are_the_same_distances_at_every_stride():
    assert ASPPConfig().rates_at(8) == (12, 24, 36)
    assert ASPPConfig().rates_at(16) == (6, 12, 18)
    assert SMALL.rates_at(8) == SMALL.rates_at(16) == (2, 3)
    assert ASPP(ASPPConfig(), 16).rates == (6, 12, 18)


def test_each_branch_sees_its_own_cells():
    aspp = ASPP(SMALL, 16)
    aspp.build((None, 9, 7, 6))
    image = np.zeros((1, 9, 7, 6), np.float32)
    before = [np.asarray(branch) for branch in aspp.pyramid(image)]
    image[0, 4, 3] = 10 * np.random.default_rng(1).normal(size=6)
    seen = [np.abs(np.asarray(x) - y).sum(-1)[0] > 0 for x, y in zip(aspp.pyramid(image), before, strict=True)]
    rows, columns = np.mgrid[:9, :7]
    for found, rate in zip(seen[1:3], (2, 3), strict=True):
        cells = np.isin(rows, (4 - rate, 4, 4 + rate)) & np.isin(columns, (3 - rate, 3, 3 + rate))
        assert found.any() and not (found & ~cells).any() and found[4 - rate, 3] | found[4, 3 - rate] | found[4, 3]
    alone = (rows == 4) & (columns == 3)
    assert not (seen[0] & ~alone).any()
    assert seen[3].all() or not seen[3].any()  # ReLU may be 0 in all cells, but in none alone


def test_the_last_branch_is_the_mean_of_the_image():
    aspp = ASPP(SMALL, 16)
    aspp.build(FEATURES.shape)
    *_, whole = aspp.pyramid(FEATURES)
    kernel = np.asarray(aspp.branches[-1].conv.kernel)[0, 0]
    expected = np.maximum(FEATURES.mean((1, 2)) @ kernel / np.sqrt(1 + 1e-5), 0)
    np.testing.assert_allclose(whole, np.broadcast_to(expected[:, None, None], (3, 9, 7, 4)), rtol=1e-4, atol=1e-5)


def test_branches_are_side_by_side_in_their_order():
    aspp = ASPP(SMALL, 16)
    aspp.build(FEATURES.shape)
    side_by_side = np.concatenate([np.asarray(x) for x in aspp.pyramid(FEATURES)], axis=-1)
    np.testing.assert_allclose(aspp(FEATURES), aspp.project(side_by_side), rtol=1e-5, atol=1e-6)
    assert side_by_side.shape == (3, 9, 7, 16)


def test_dropout_is_for_training():
    aspp = ASPP(SMALL.model_copy(update={"dropout": 0.5}), 16)
    aspp.build(FEATURES.shape)
    first, second = (ops.convert_to_numpy(aspp(FEATURES, training=True)) for _ in range(2))
    assert (first != second).any() and (first == 0).mean() > 0.4
    again = [ops.convert_to_numpy(aspp(FEATURES, training=False)) for _ in range(2)]
    np.testing.assert_array_equal(*again)


@pytest.mark.parametrize(
    ("values", "message"), [({"rates": [0]}, "rates.0"), ({"dropout": 1}, "dropout"), ({"rate": [1]}, "Extra inputs")]
)
def test_wrong_values_are_named(values, message):
    with pytest.raises(ValidationError, match=message):
        ASPPConfig.model_validate_json(json.dumps(values))
