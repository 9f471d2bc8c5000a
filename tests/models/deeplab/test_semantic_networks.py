"""What holds for every network that labels pixels."""

import keras
import numpy as np
import pytest
from keras import ops

from base.batch import IGNORE
from base.initial_weights import InitialWeights
from models.backbones.config import BackboneConfig
from models.backbones.resnet import VARIANTS, Variant
from tests.gradients import gradients, weight_gradients
from tests.models.deeplab.tiny import BACKBONE, MODELS, SIZE, batch_of, image, tiny_model, two_images
from tests.models.layer_contract import dtype_policy
from tests.models.weights.torchvision_states import SMALL
from utils.errors import UserError

FROZEN = {**BACKBONE, "batch_norm": "frozen"}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    keras.utils.set_random_seed(3)
    return awake(tiny_model(request.param))


def awake(model):
    """The last layers start near 0, where every pixel has the same label: stronger ones tell them apart."""
    generator = np.random.default_rng(0)
    for head in (model.network.head, model.network.aux_head):
        if head is not None:
            head.logits.kernel.assign(generator.normal(0, 1.0, head.logits.kernel.shape))
    return model


def tensors(batch):
    return {name: ops.convert_to_tensor(value) for name, value in batch.items()}


def logits(model, batch, training=False):
    return {k: ops.convert_to_numpy(v) for k, v in model.forward(tensors(batch), training=training).items()}


def test_logits_have_the_size_of_the_input(model):
    found = logits(model, two_images())
    assert {name: (x.shape, x.dtype) for name, x in found.items()} == {"out": ((2, *SIZE, 3), np.float32)}
    in_training = set(logits(model, two_images(), training=True))
    assert in_training == ({"out", "aux"} if model.config.aux_head else {"out"})


def test_labels_and_probabilities_are_those_of_the_logits(model):
    batch = two_images()
    out, found = logits(model, batch)["out"], model.predict_soft(tensors(batch))
    labels, probabilities = (ops.convert_to_numpy(found[name]) for name in ("labels", "probabilities"))
    assert labels.dtype == np.int32 and len(np.unique(labels)) > 1
    np.testing.assert_array_equal(labels, out.argmax(-1))
    np.testing.assert_array_equal(labels, ops.convert_to_numpy(model.predict(tensors(batch))["labels"]))
    expected = np.exp(out - out.max(-1, keepdims=True))
    np.testing.assert_allclose(probabilities, expected / expected.sum(-1, keepdims=True), rtol=1e-4, atol=1e-5)


def test_an_image_alone_gives_what_it_gives_in_a_batch(model):
    samples = [image(), image(1), image(2)]
    together = logits(model, batch_of(*samples))["out"]
    for index, sample in enumerate(samples):
        alone = logits(model, batch_of(sample))["out"]
        np.testing.assert_allclose(alone[0], together[index], atol=1e-4 * np.abs(together).max())


def test_what_is_in_the_padding_changes_nothing(model):
    batch = two_images()
    batch["image_size"][:] = 40, 60
    noisy = {**batch, "images": batch["images"].copy()}
    noisy["images"][:, 40:] = noisy["images"][:, :, 60:] = 200
    np.testing.assert_array_equal(logits(model, batch)["out"], logits(model, noisy)["out"])


def test_gradients_reach_every_weight(model):
    network, batch = model.network, tensors(two_images())
    found = weight_gradients(
        lambda: sum(model.compute_losses(batch, model.forward(batch, training=True)).values()), network
    )
    assert len(found) == len(network.trainable_weights)
    for weight, gradient in zip(network.trainable_weights, found, strict=True):
        assert gradient is not None, f"no gradient reaches {weight.path}"
        assert np.isfinite(gradient).all(), weight.path
        assert gradient.any() or weight.path.startswith("backbone"), f"the gradient of {weight.path} is 0"


def test_losses_are_means_over_what_is_not_ignored(model):
    batch = two_images()
    outputs = model.forward(tensors(batch), training=True)
    found = {name: float(value) for name, value in model.compute_losses(tensors(batch), outputs).items()}
    weights = {"cross_entropy": 1.0, "aux": 0.5}
    assert set(found) == {name for name in weights if name != "aux" or model.config.aux_head}
    for name, value in found.items():
        out = ops.convert_to_numpy(outputs["aux" if name == "aux" else "out"]).astype(np.float64)
        each = np.log(np.exp(out - out.max(-1, keepdims=True)).sum(-1)) + out.max(-1)
        labels = batch["labels"]
        each -= np.take_along_axis(out, np.where(labels == IGNORE, 0, labels)[..., None], axis=-1)[..., 0]
        assert value == pytest.approx(weights[name] * each[labels != IGNORE].mean(), rel=1e-4)


def test_ignored_pixels_have_no_gradient(model):
    batch = two_images()
    out = logits(model, batch)["out"]
    (found,) = gradients(lambda x: model.compute_losses(tensors(batch), {"out": x})["cross_entropy"], out)
    ignored = batch["labels"] == IGNORE
    assert ignored.any() and not found[ignored].any() and found[~ignored].any(-1).all()
    everything = {**batch, "labels": np.full_like(batch["labels"], IGNORE)}
    assert float(model.compute_losses(tensors(everything), {"out": out})["cross_entropy"]) == 0
    (found,) = gradients(lambda x: model.compute_losses(tensors(everything), {"out": x})["cross_entropy"], out)
    assert not found.any()


def test_bfloat16_keeps_logits_and_weights_in_float32(model):
    name = model.config.name
    expected = logits(model, two_images())["out"]
    with dtype_policy("mixed_bfloat16"):
        low = tiny_model(name)
        low.network.set_weights(model.network.get_weights())
        features = low.network.features(tensors(two_images()), training=False)
        near = logits(low, two_images())["out"]
        found = low.forward(tensors(two_images()), training=True)
    assert keras.backend.standardize_dtype(features["C5"].dtype) == "bfloat16"
    assert {keras.backend.standardize_dtype(x.dtype) for x in found.values()} == {"float32"}
    assert {weight.dtype for weight in low.network.trainable_weights} == {"float32"}
    assert np.linalg.norm(near - expected) < 0.1 * np.linalg.norm(expected)


def test_a_checkpoint_is_loaded_by_its_names(model, tmp_path):
    model.init_saver(tmp_path)
    model.save()
    other = tiny_model(model.config.name)
    other.init_saver(tmp_path)
    other.load()
    np.testing.assert_array_equal(logits(other, two_images())["out"], logits(model, two_images())["out"])


def test_a_run_from_a_checkpoint_is_frozen_as_its_config_says(model, tmp_path):
    model.init_saver(tmp_path)
    backbone = {**FROZEN, "frozen_stages": 5}
    begun = tiny_model(model.config.name, backbone=backbone, init_from=model.save())
    assert begun.initial.pretrained and not begun.network.backbone.trainable_variables
    assert begun.network.head.trainable_variables
    wider = {**BACKBONE, "alpha": 0.5}
    with pytest.raises(UserError, match=r"model.init_from: .* variables of the backbone mobilenet_v2"):
        tiny_model(model.config.name, backbone=wider, init_from=model.save())


def test_cost_counts_what_an_inference_does(model):
    cost = model.cost()
    assert cost.parameters == sum(np.prod(w.shape) for w in model.network.weights if "seed" not in w.path)
    aux = sum(np.prod(w.shape) for w in model.network.aux_head.weights) if model.network.aux_head else 0
    assert 0 < aux < cost.parameters or not aux
    assert cost.multiply_adds > 1e6 and "M parameters" in model.summary()


@pytest.mark.parametrize("name", ["deeplab_v3", "deeplab_v3_plus"])
def test_a_flipped_image_has_the_flipped_logits(name, monkeypatch):
    """With a backbone that pads on both sides alike, at a size of which every stride has a middle cell.

    (The pyramid doubles such sizes from the near edges.)
    """
    monkeypatch.setitem(VARIANTS, "resnet50", Variant(**SMALL))
    symmetric = awake(tiny_model(name, backbone={"name": "resnet50", "weights": None}))
    batch = two_images()
    # A kernel is not symmetric, so it is flipped with the image.
    found = logits(symmetric, batch)["out"]
    for weight in symmetric.network.weights:
        if weight.path.endswith("kernel") and len(weight.shape) == 4:
            weight.assign(ops.flip(weight.value, axis=1))
    flipped = logits(symmetric, {**batch, "images": batch["images"][:, :, ::-1].copy()})["out"]
    np.testing.assert_allclose(flipped[:, :, ::-1], found, atol=1e-4 * np.abs(found).max())


def test_the_output_stride_is_that_of_the_features(monkeypatch):
    monkeypatch.setitem(VARIANTS, "resnet50", Variant(**SMALL))
    for name in ("deeplab_v3", "deeplab_v3_plus"):
        for stride in (8, 16):
            network = tiny_model(name, backbone={"name": "resnet50", "weights": None}, output_stride=stride).network
            assert network.backbone.output["C5"].shape[1:3] == tuple(-(-side // stride) for side in SIZE)
            assert network.aspp.rates == tuple(rate * 8 // stride for rate in (12, 24, 36))


def test_the_auxiliary_head_reads_c4_or_the_feature_of_the_config(model):
    if model.config.aux_head:
        assert model.network.aux_feature == "C4" and model.network.aux_head.blocks[0].filters == 32 // 4


def test_the_auxiliary_head_reads_what_the_config_or_the_published_network_says():
    network = tiny_model("deeplab_v3", aux_head={"feature": "C3", "channels": 5, "dropout": 0.3}).network
    assert network.aux_feature == "C3" and network.aux_head.blocks[0].filters == 5
    assert network.aux_head.dropout.rate == 0.3
    published = BackboneConfig(name="mobilenet_v3_large_torchvision", weights=None).model_dump()
    network = tiny_model("deeplab_v3", backbone=published, size=(64, 64)).network
    assert network.aux_feature == "auxiliary" and network.aux_head.blocks[0].conv.kernel.shape == (3, 3, 40, 10)
    assert tiny_model("deeplab_v3", aux_head=None).network.aux_head is None


def test_random_weights_are_trained_whatever_the_config_freezes():
    model = tiny_model("deeplab_v3", backbone={**FROZEN, "frozen_stages": 5})
    assert model.initial == InitialWeights("mobilenet_v2 (random weights)", pretrained=False)
    assert model.network.backbone.trainable_variables
