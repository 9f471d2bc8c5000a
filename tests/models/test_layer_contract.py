"""The contract must refuse layers that break it, else passing it would mean nothing."""

import keras
import numpy as np
import pytest
from keras import ops

from tests.models.layer_contract import check_layer

X = np.random.default_rng(3).normal(size=(3, 4)).astype(np.float32)


class Good(keras.layers.Layer):
    """x · w, by a weight for each channel."""

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), name="w")
        self.built = True

    def call(self, x):
        return x * self.w


class MixesImages(Good):
    def call(self, x):
        return super().call(x) + ops.mean(x, axis=0, keepdims=True)


class UnusedWeight(Good):
    def build(self, shape):
        self.idle = self.add_weight(shape=(2,), name="idle")
        super().build(shape)


class ForgetsItsConfig(Good):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return super().call(x) * self.factor

    def get_config(self):
        return {"name": self.name}


class HiddenState(Good):
    """Its scale is drawn anew by each instance and not saved."""

    def build(self, shape):
        self.scale = float(np.random.default_rng().normal())
        super().build(shape)

    def call(self, x):
        return super().call(x) * self.scale


class LosesPrecision(Good):
    def call(self, x):
        # 300 lies between two bfloat16 numbers far apart, so the small difference is lost.
        return (super().call(x) * 0.1 + 300.0) - 300.0


class LowWeights(Good):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), name="low", dtype=self.compute_dtype)
        self.built = True


def test_a_good_layer_passes(tmp_path):
    check_layer(lambda: Good(name="good"), X, tmp_path)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: MixesImages(name="x"), "Not equal"),
        (lambda: UnusedWeight(name="x"), "no gradient reaches x/idle"),
        (lambda: ForgetsItsConfig(3.0, name="x"), "Not equal"),
        (lambda: HiddenState(name="x"), "Not equal"),
        (lambda: LosesPrecision(name="x"), "mixed_bfloat16 is .* away from float32"),
        (lambda: LowWeights(name="x"), "not float32 under mixed_bfloat16: .*x/low"),
    ],
)
def test_a_bad_layer_fails(make, complaint, tmp_path):
    with pytest.raises(AssertionError, match=complaint):
        check_layer(make, X, tmp_path)
