from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import ops

from base import base_model
from base.batch import DataSpec
from base.initial_weights import InitialWeights, read_initial_weights
from models.backbones import weights
from models.backbones.config import BackboneConfig
from models.mask_rcnn.config import MaskHeadConfig
from models.mask_rcnn.model import MaskRCNN
from tests.gradients import weight_gradients
from tests.models.layer_contract import dtype_policy
from tests.models.mask_rcnn.dummy_batches import OBJECTS, SIZE, batch_of, image, tiny_config, tiny_spec, two_images
from utils.errors import UserError
from utils.flops import count_cost, multiply_adds

LOSSES = {"rpn_objectness", "rpn_box", "classifier", "box", "mask"}


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return awake(MaskRCNN(tiny_config(), tiny_spec()))


def awake(model):
    """Heads start near 0, where every box has the same score: stronger ones make detections differ."""
    generator = np.random.default_rng(0)
    for layer in (model.network.box_head.logits, model.network.box_head.deltas, model.network.rpn_head.objectness):
        layer.kernel.assign(generator.normal(0, 1.0, layer.kernel.shape))
    return model


def learned(model, batch, seed=(1, 0)):
    model.network.noise.state.assign(np.array(seed, model.network.noise.state.dtype))
    return model.forward(tensors(batch), training=True)


def inferred(model, batch):
    return {name: ops.convert_to_numpy(x) for name, x in model.predict(tensors(batch)).items()}


def tensors(batch):
    return {name: ops.convert_to_tensor(value) for name, value in batch.items()}


def test_what_is_learned_from(model):
    outputs = learned(model, two_images())
    cells = sum(side * side for side in (16, 8, 4, 2, 1))
    shapes = {name: tuple(outputs[name].shape) for name in outputs if name not in ("rpn", "rois", "ground_truth")}
    # Where the backend can, the mask head works on as many samples as the image with the most positives has.
    most = int(ops.convert_to_numpy(outputs["rois"].positive)[:, :8].sum(axis=1).max())
    assert most > 0 and shapes.pop("mask_logits") in ((2, most, 28, 28, 2), (2, 8, 28, 28, 2))
    assert shapes == {
        "rpn_logits": (2, 3 * cells),
        "rpn_deltas": (2, 3 * cells, 4),
        "class_logits": (2, 16, 3),
        "box_deltas": (2, 16, 3, 4),
    }
    assert outputs["rois"].boxes.shape == (2, 16, 4) and outputs["rpn"].index.shape == (2, 64)
    rois = outputs["rois"]
    positive, boxes = ops.convert_to_numpy(rois.positive), ops.convert_to_numpy(rois.boxes)
    assert positive.any(axis=1).all(), "the objects' own boxes should be positives"
    assert (boxes >= 0).all() and (boxes <= SIZE).all()
    losses = model.compute_losses(two_images(), outputs)
    assert set(losses) == LOSSES
    assert all(np.isfinite(float(loss)) and float(loss) > 0 for loss in losses.values())


def test_anchors_lie_on_the_features_of_an_image_of_any_size():
    # 300 and 420 are no multiples of the strides: 300 // 38 would be 7.
    spec = DataSpec("instance", ("rectangle", "ellipse"), (300, 420), {"max_objects": OBJECTS})
    network = MaskRCNN(tiny_config(), spec).network
    pyramid = network.fpn({name: ops.zeros((1, *x.shape[1:])) for name, x in network.backbone.output.items()})
    for level, anchors in zip((2, 3, 4, 5, 6), network.anchors, strict=True):
        rows, columns = pyramid[f"P{level}"].shape[1:3]
        centers = (anchors[:, :2] + anchors[:, 2:]).reshape(rows, columns, 3, 2) / 2
        np.testing.assert_array_equal(centers[:, :, 1, 0] - 2**level * np.arange(columns), np.zeros((rows, columns)))
        np.testing.assert_array_equal(centers[:, :, 1, 1].T - 2**level * np.arange(rows), np.zeros((columns, rows)))


def test_a_run_that_fell_back_resumes_unfrozen_without_asking_again(tmp_path, monkeypatch):
    backbone = BackboneConfig(weights="imagenet", alpha=0.35, frozen_stages=3)

    monkeypatch.setattr(weights, "obtain", lambda *_: None)
    first = MaskRCNN(tiny_config(backbone=backbone), tiny_spec())
    first.init_saver(tmp_path)
    first.save()
    monkeypatch.setattr(weights, "obtain", lambda *_: pytest.fail("a resumed run asked for weights"))
    initial = read_initial_weights(tmp_path)
    assert initial == InitialWeights("mobilenet_v2 (random weights: ImageNet's were unavailable)", pretrained=False)
    resumed = MaskRCNN(tiny_config(backbone=backbone), tiny_spec(), initial)
    resumed.init_saver(tmp_path)
    resumed.load()
    assert resumed.initial == first.initial
    trained = [[v.path for v in model.network.trainable_variables] for model in (first, resumed)]
    assert trained[0] == trained[1]


def test_a_run_from_a_checkpoint_is_frozen_as_its_config_says(model, tmp_path):
    model.init_saver(tmp_path)
    path = model.save()
    backbone = BackboneConfig(weights=None, alpha=0.35, frozen_stages=5)
    spec = DataSpec("instance", ("a", "b", "c"), (SIZE, SIZE), {"max_objects": OBJECTS})
    begun = MaskRCNN(tiny_config(backbone=backbone, init_from=path), spec)
    assert begun.initial == InitialWeights(f"checkpoint {path}", pretrained=True)
    assert not begun.network.backbone.trainable_variables
    for ours, theirs in zip(begun.network.backbone.weights, model.network.backbone.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    other = BackboneConfig(weights=None, alpha=0.5)
    with pytest.raises(UserError, match=r"model.init_from: .* lacks \d+ variables of the backbone mobilenet_v2"):
        MaskRCNN(tiny_config(backbone=other, init_from=path), spec)


def test_loss_weights_multiply_the_terms(model):
    outputs = learned(model, two_images())
    weights = {"rpn_objectness": 2.0, "mask": 0.0}
    changed = model.config.model_copy(update={"loss_weights": model.config.loss_weights.model_copy(update=weights)})
    plain = {name: float(x) for name, x in model.compute_losses({}, outputs).items()}
    before, model.config = model.config, changed
    weighted = {name: float(x) for name, x in model.compute_losses({}, outputs).items()}
    model.config = before
    for name, value in plain.items():
        assert weighted[name] == pytest.approx(weights.get(name, 1.0) * value)


def test_detections_are_boxes_in_the_image(model):
    batch = two_images()
    batch["image_size"][1] = 40, 50
    found = inferred(model, batch)
    assert {name: x.shape for name, x in found.items()} == {
        "boxes": (2, 8, 4),
        "scores": (2, 8),
        "classes": (2, 8),
        "masks": (2, 8, 28, 28),
    }
    real = found["classes"] > 0
    assert real.any(axis=1).all() and set(found["classes"][real]) <= {1, 2}
    assert (np.diff(found["scores"], axis=1) <= 0).all()
    assert (found["boxes"] >= 0).all() and (found["boxes"][1] <= [50, 40, 50, 40]).all()
    assert not found["boxes"][~real].any() and not found["scores"][~real].any()
    assert ((found["masks"] >= 0) & (found["masks"] <= 1)).all()


def test_masks_are_those_of_the_detections_class(model):
    batch = tensors(two_images())
    found = model.predict(batch)
    pyramid = model.network.pyramid(batch, training=False)
    logits = model.network.mask_head(model.network.pool(pyramid, found["boxes"], model.config.mask_head))
    of_both = ops.convert_to_numpy(ops.sigmoid(logits))
    masks, classes = ops.convert_to_numpy(found["masks"]), ops.convert_to_numpy(found["classes"])
    for row, slot in np.argwhere(classes > 0):
        own = of_both[row, slot, ..., classes[row, slot] - 1]
        np.testing.assert_allclose(masks[row, slot], own, atol=1e-6)


def test_an_image_alone_gives_what_it_gives_in_a_batch(model):
    empty = image((), seed=5)
    empty["images"][:] = 0
    samples = [image(((1, (6, 8, 30, 28)),)), empty, image(((2, (20, 20, 60, 50)),), seed=2)]
    together = inferred(model, batch_of(*samples))
    for index, sample in enumerate(samples):
        for name, value in inferred(model, batch_of(sample)).items():
            np.testing.assert_allclose(value[0], together[name][index], atol=2e-4, err_msg=f"{name} of {index}")


def test_gradients_reach_every_weight(model):
    network, batch = model.network, two_images()
    found = weight_gradients(lambda: sum(model.compute_losses(batch, learned(model, batch)).values()), network)
    weights = network.trainable_weights
    for part in (network.fpn, network.rpn_head, network.box_head, network.mask_head, network.backbone):
        assert {id(w) for w in part.trainable_weights} <= {id(w) for w in weights}
    for weight, gradient in zip(weights, found, strict=True):
        assert gradient is not None, f"no gradient reaches {weight.path}"
        assert np.isfinite(gradient).all(), weight.path
        assert gradient.any() or weight.path.startswith("backbone"), f"the gradient of {weight.path} is 0"


def test_a_batch_without_any_object_has_a_finite_gradient(model):
    batch = batch_of(image(()), image((), seed=1))
    losses = model.compute_losses(batch, learned(model, batch))
    assert float(losses["rpn_box"]) == float(losses["box"]) == float(losses["mask"]) == 0
    found = weight_gradients(lambda: sum(model.compute_losses(batch, learned(model, batch)).values()), model.network)
    assert all(np.isfinite(gradient).all() for gradient in found if gradient is not None)


def test_the_seed_decides_the_samples(model):
    batch = two_images()
    drawn = [learned(model, batch, seed=(seed, 0)) for seed in (1, 1, 2)]
    index = [ops.convert_to_numpy(d["rpn"].index) for d in drawn]
    boxes = [ops.convert_to_numpy(d["rois"].boxes) for d in drawn]
    for same, again, other in (index, boxes):
        np.testing.assert_array_equal(same, again)
        assert (same != other).any()


def test_every_step_draws_anew(model):
    batch = two_images()
    first = ops.convert_to_numpy(learned(model, batch)["rpn"].index)
    second = ops.convert_to_numpy(model.forward(tensors(batch), training=True)["rpn"].index)
    assert (first != second).any()


@pytest.mark.parametrize(("limit", "drawn"), [(3, 3), (99, 8), (None, 8)])
def test_samples_of_the_mask_head(limit, drawn):
    config = tiny_config(mask_head=MaskHeadConfig(channels=(), upsample_channels=4, samples=limit))
    assert config.mask_samples == drawn


def test_the_mask_head_sees_only_its_samples_and_these_are_positives():
    config = tiny_config(mask_head=MaskHeadConfig(channels=(16,), upsample_channels=16, samples=1))
    model = MaskRCNN(config, tiny_spec())
    outputs = learned(model, two_images())
    assert outputs["mask_logits"].shape == (2, 1, 28, 28, 2)
    assert ops.convert_to_numpy(outputs["rois"].positive)[:, 0].all()
    assert float(model.compute_losses({}, outputs)["mask"]) > 0


def test_bfloat16_keeps_boxes_and_scores_in_float32():
    with dtype_policy("mixed_bfloat16"):
        model = awake(MaskRCNN(tiny_config(), tiny_spec()))
        outputs = learned(model, two_images())
        found = model.predict(tensors(two_images()))
        losses = model.compute_losses({}, outputs)
        features = model.network.fpn(model.network.backbone(ops.zeros((1, SIZE, SIZE, 3))))
    assert {w.dtype for w in model.network.trainable_weights} == {"float32"}
    assert keras.backend.standardize_dtype(features["P2"].dtype) == "bfloat16", "the policy did not reach the layers"
    tensors_ = {**{k: v for k, v in outputs.items() if hasattr(v, "dtype")}, "rois": outputs["rois"].boxes}
    tensors_ |= {"rpn": outputs["rpn"].deltas, **losses, **{f"found {k}": v for k, v in found.items()}}
    dtypes = {name: keras.backend.standardize_dtype(x.dtype) for name, x in tensors_.items()}
    wrong = {name: dtype for name, dtype in dtypes.items() if dtype not in ("float32", "int32")}
    assert not wrong
    assert all(np.isfinite(float(loss)) for loss in losses.values())
    boxes = found["boxes"]
    low = ops.cast(ops.cast(boxes, "bfloat16"), "float32")
    assert (ops.convert_to_numpy(boxes) != ops.convert_to_numpy(low)).any(), "boxes went through bfloat16"


def test_bfloat16_losses_are_near_those_of_float32(model):
    plain = {k: float(v) for k, v in model.compute_losses({}, learned(model, two_images())).items()}
    with dtype_policy("mixed_bfloat16"):
        low = MaskRCNN(tiny_config(), tiny_spec())
        low.network.set_weights(model.network.get_weights())
        losses = low.compute_losses({}, learned(low, two_images()))
    assert float(losses["rpn_objectness"]) == pytest.approx(plain["rpn_objectness"], rel=0.1)
    assert float(losses["mask"]) == pytest.approx(plain["mask"], rel=0.2)


def test_cost_is_that_of_the_parts_by_hand(model, monkeypatch):
    counted = []

    def counting(*arguments):
        cost = count_cost(*arguments)
        counted.append(cost.multiply_adds)
        return replace(cost, multiply_adds=2_000_000_000)

    monkeypatch.setattr(base_model, "count_cost", counting)
    summary = model.summary()
    config, network = model.config, model.network
    per_mask = 14 * 14 * (9 * 16 * 16 + 4 * 16 * 16) + 28 * 28 * 16 * 2
    per_box = 7 * 7 * 16 * 32 + 32 * 32 + 32 * (3 + 12)
    heads = config.detect.max_detections * per_mask + config.rpn.post_nms_top_n_eval * per_box
    rpn = (16**2 + 8**2 + 4**2 + 2**2 + 1) * (9 * 16 * 16 + 16 * 3 * 5)
    features = [network.backbone.output[f"C{level}"].shape for level in (2, 3, 4, 5)]
    fpn = sum(height * width * 16 * (channels + 9 * 16) for _, height, width, channels in features)
    backbone = multiply_adds(network.backbone, keras.KerasTensor((1, SIZE, SIZE, 3), "float32"))
    assert counted == [backbone + fpn + rpn + heads]
    parameters = sum(weight.numpy().size for weight in network.weights) / 1e6
    assert f"{parameters:.2f} M parameters" in summary
    assert "2.00 G multiply-adds for one image of 64×64" in summary
