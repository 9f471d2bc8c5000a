import numpy as np
import pytest
from keras import ops

from models.deeplab.config import DecoderConfig, MergeConfig, PixelHeadConfig
from models.deeplab.heads import Decoder, Merge, PixelHead
from models.ops.resize import resize_bilinear
from tests.models.layer_contract import check_layer

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.normal(size=(2, 5, 6, 8)).astype(np.float32)
FINE_AND_COARSE = {"fine": RANDOM.normal(size=(2, 9, 11, 6)).astype(np.float32), "coarse": FEATURES[:, :3, :4]}
PYRAMID = {
    f"P{level}": RANDOM.normal(size=(2, *size, 8)).astype(np.float32)
    for level, size in {2: (13, 9), 3: (7, 5), 4: (4, 3), 5: (2, 2)}.items()
}
FROZEN = {"momentum": 1.0}
"""The contract trains in between: with this momentum the statistics stay as they are."""


@pytest.mark.parametrize("convolutions", [0, 2])
def test_contract_of_the_head(convolutions, tmp_path):
    config = PixelHeadConfig(channels=4, convolutions=convolutions)
    check_layer(lambda: PixelHead(config, 3, name="head", **FROZEN), FEATURES, tmp_path)


def test_contract_of_the_decoder(tmp_path):
    check_layer(lambda: Decoder(DecoderConfig(channels=3), name="decoder", **FROZEN), FINE_AND_COARSE, tmp_path)


def test_contract_of_the_merge(tmp_path):
    check_layer(lambda: Merge(MergeConfig(channels=8, groups=2), (2, 3, 4, 5), name="decoder"), PYRAMID, tmp_path)


def test_logits_are_a_product_of_the_last_features():
    head = PixelHead(PixelHeadConfig(convolutions=0), 2)
    head.build(FEATURES.shape)
    head.logits.bias.assign([1, 2, 3])
    expected = FEATURES @ np.asarray(head.logits.kernel)[0, 0] + [1, 2, 3]
    np.testing.assert_allclose(head(FEATURES), expected, rtol=1e-5, atol=1e-5)


def test_a_head_starts_with_near_equal_scores():
    head = PixelHead(PixelHeadConfig(channels=64), 20)
    head.build((None, None, None, 64))
    assert 0.008 < np.asarray(head.logits.kernel).std() < 0.012 and not np.asarray(head.logits.bias).any()


def test_the_decoder_puts_coarse_features_beside_fine_ones():
    decoder = Decoder(DecoderConfig(channels=3))
    decoder.build({name: x.shape for name, x in FINE_AND_COARSE.items()})
    found = np.asarray(decoder(FINE_AND_COARSE))
    assert found.shape == (2, 9, 11, 8 + 3)
    np.testing.assert_allclose(found[..., :8], resize_bilinear(FINE_AND_COARSE["coarse"], (9, 11)), atol=1e-6)
    np.testing.assert_allclose(found[..., 8:], decoder.reduce(FINE_AND_COARSE["fine"]), atol=1e-6)


def test_every_level_is_raised_step_by_step_and_added():
    merge = Merge(MergeConfig(channels=4, groups=2), (2, 3, 4, 5))
    merge.build({name: x.shape for name, x in PYRAMID.items()})
    assert [len(steps) for steps in merge.steps] == [1, 1, 2, 3]
    sizes = [x.shape[1:3] for x in PYRAMID.values()]
    expected = 0
    for place, (x, steps) in enumerate(zip(PYRAMID.values(), merge.steps, strict=True)):
        for step, (convolution, norm) in enumerate(steps, 1):
            x = ops.relu(norm(convolution(x)))  # noqa: PLW2901
            x = resize_bilinear(x, sizes[max(0, place - step)])  # noqa: PLW2901
        assert x.shape[1:3] == (13, 9)
        expected = expected + np.asarray(x)
    np.testing.assert_allclose(merge(PYRAMID), expected, rtol=1e-4, atol=1e-5)


def test_a_level_that_adds_nothing_changes_nothing():
    """Each level arrives: without one of them the sum is another."""
    merge = Merge(MergeConfig(channels=4, groups=2), (2, 3, 4, 5))
    merge.build({name: x.shape for name, x in PYRAMID.items()})
    whole = np.asarray(merge(PYRAMID))
    for name, x in PYRAMID.items():
        assert np.abs(np.asarray(merge({**PYRAMID, name: -x})) - whole).max() > 0.1
