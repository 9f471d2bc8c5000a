"""The compiled steps: traced once whatever comes, and the same under XLA."""

import keras
import numpy as np
import pytest

from base.batch import DataSpec
from base.initial_weights import InitialWeights
from inference.compiled import compile_predict
from models.backbones.config import BackboneConfig
from models.layers.config import FPNConfig
from models.mask_rcnn.config import BoxHeadConfig, MaskHeadConfig
from models.mask_rcnn.model import MaskRCNN
from models.mask_rcnn.network import MaskRCNNNetwork
from tests.models.mask_rcnn.dummy_batches import OBJECTS, batch_of, image, tiny_config, tiny_spec, two_images
from trainers.steps import compile_train_step

STEPS = 200
SIDE = 32
"""Of the input, in pixels."""


def compiled(model, jit_compile=False):
    optimizer = keras.optimizers.SGD(1e-3)
    optimizer.build(model.network.trainable_variables)
    return compile_train_step(model, optimizer, jit_compile), compile_predict(model, jit_compile)


def sample(rng):
    """An image of any size that fits, smaller than the input or not, with 0 to OBJECTS objects inside it."""
    height, width = rng.integers(SIDE // 2, SIDE + 1, 2)
    objects = []
    for _ in range(rng.integers(OBJECTS + 1)):
        x, y = rng.integers(0, (width - 8, height - 8))
        objects.append((int(rng.integers(1, 3)), (int(x), int(y), int(x) + 8, int(y) + 8)))
    drawn = image(objects, SIDE, seed=int(rng.integers(1000)))
    drawn["image_size"] = np.array((height, width), np.int32)
    drawn["images"][height:] = 0
    drawn["images"][:, width:] = 0
    return drawn


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() == "torch", reason="nothing is traced on PyTorch")
def test_one_trace_whatever_the_sizes_and_objects():
    traces = []

    class Counting(MaskRCNN):
        def forward(self, batch, training):
            traces.append(training)
            return super().forward(batch, training)

    # Frozen: the backbone's gradients would only take time.
    config = tiny_config(
        backbone=BackboneConfig(weights=None, alpha=0.35, frozen_stages=5),
        fpn=FPNConfig(channels=4),
        box_head=BoxHeadConfig(samples=16, positive_fraction=0.5, hidden=8),
        mask_head=MaskHeadConfig(channels=(), upsample_channels=4),
    )
    spec = DataSpec("instance", ("rectangle", "ellipse"), (SIDE, SIDE), {"max_objects": OBJECTS})
    train, predict = compiled(Counting(config, spec, InitialWeights("a checkpoint", pretrained=True)))
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(STEPS):
        batch = batch_of(sample(rng), sample(rng))
        assert np.isfinite(float(train(batch)["total"]))
        found = predict(batch)["boxes"]
        assert (np.asarray(found) <= np.tile(batch["image_size"][:, None, ::-1], 2)).all()
        seen |= {
            (*size, count) for size, count in zip(batch["image_size"], (batch["gt_classes"] > 0).sum(1), strict=True)
        }
    assert len(seen) > STEPS and {count for *_, count in seen} == set(range(OBJECTS + 1))
    assert sorted(traces) == [False, True]


@pytest.mark.slow
@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="elsewhere jit_compile means nothing")
def test_xla_computes_the_same(monkeypatch):
    """XLA cannot compile TensorFlow's own kernels: the portable operations that take their place give the same.

    The noise is fixed, as XLA draws other numbers from the same state.
    """

    def noise(_, like):
        return np.random.default_rng(1).random(like.shape, np.float32)

    monkeypatch.setattr(MaskRCNNNetwork, "_noise", noise)
    keras.utils.set_random_seed(3)
    model = MaskRCNN(tiny_config(), tiny_spec())
    generator = np.random.default_rng(0)
    for layer in (model.network.box_head.logits, model.network.box_head.deltas, model.network.rpn_head.objectness):
        layer.kernel.assign(generator.normal(0, 1.0, layer.kernel.shape))
    batch, start = two_images(), model.network.get_weights()
    losses, found = [], []
    for jit_compile in (False, True):
        model.network.set_weights(start)
        train, predict = compiled(model, jit_compile)
        found.append({name: np.array(value) for name, value in predict(batch).items()})
        losses.append({name: float(value) for name, value in train(batch).items()})
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
    assert all(value > 0 for value in losses[0].values())
    plain, xla = found
    assert (plain["classes"] > 0).any()
    np.testing.assert_array_equal(xla["classes"], plain["classes"])
    np.testing.assert_allclose(xla["boxes"], plain["boxes"], atol=1e-2)
    np.testing.assert_allclose(xla["scores"], plain["scores"], atol=1e-3)
    np.testing.assert_allclose(xla["masks"], plain["masks"], atol=1e-2)
