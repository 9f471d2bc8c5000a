"""What every loss of `model.losses` must hold."""

import keras
import numpy as np
import pytest
from keras import ops
from pydantic import TypeAdapter, ValidationError

from models.losses.config import Losses
from models.losses.semantic import SemanticLosses
from tests.gradients import gradients
from tests.models.losses.loss_cases import EVERY, config, loss, random_case, title, value
from utils.errors import UserError

every = pytest.mark.parametrize("entry", EVERY, ids=title)


def gradient(entry, logits, labels):
    (found,) = gradients(lambda logits: loss(entry, logits, labels), logits)
    return found


@every
@pytest.mark.parametrize("wild", [1e4, np.inf, np.nan])
def test_an_ignored_pixel_changes_neither_value_nor_gradient(entry, wild):
    logits, labels = random_case()
    ignored = labels == 255
    before = value(entry, logits, labels), gradient(entry, logits, labels)
    logits[ignored] = wild
    assert value(entry, logits, labels) == before[0] > 0
    after = gradient(entry, logits, labels)
    np.testing.assert_array_equal(after, before[1])
    assert not after[ignored].any() and np.abs(after[~ignored]).max() > 0


@every
def test_a_pixel_that_is_no_number_is_seen_where_it_counts(entry):
    logits, labels = random_case()
    labels[0, 0, 0], logits[0, 0, 0] = 1, np.nan
    assert not np.isfinite(value(entry, logits, labels))


@every
def test_a_class_that_is_ruled_out_leaves_the_others(entry):
    """A logit of −inf: the class has the probability 0, as far as it is not the label."""
    if keras.backend.backend() == "jax" or entry.get("label_smoothing"):
        pytest.skip("multiplies every class by its share of the target")
    logits, labels = random_case()
    labels[0, 0, 0], logits[0, 0, 0, 2] = 1, -1e4
    expected = value(entry, logits, labels)
    logits[0, 0, 0, 2] = -np.inf
    assert value(entry, logits, labels) == pytest.approx(expected, rel=1e-6)


@every
def test_where_all_is_ignored_loss_and_gradient_are_0(entry):
    logits, labels = random_case(ignored=1.0)
    assert value(entry, logits, labels) == 0
    assert not gradient(entry, logits, labels).any()


@every
def test_an_image_of_ignored_pixels_and_a_border_of_them_change_nothing(entry):
    logits, labels = random_case()
    padding = ((0, 1), (0, 3), (0, 2))
    wide = np.pad(logits, (*padding, (0, 0)), constant_values=3), np.pad(labels, padding, constant_values=255)
    assert value(entry, *wide) == pytest.approx(value(entry, logits, labels), rel=1e-6)
    grown = gradient(entry, *wide)
    np.testing.assert_allclose(grown[:2, :6, :7], gradient(entry, logits, labels), rtol=1e-5, atol=1e-8)


@every
def test_a_flipped_batch_has_the_same_loss(entry):
    logits, labels = random_case()
    turned = np.ascontiguousarray(logits[::-1, :, ::-1]), np.ascontiguousarray(labels[::-1, :, ::-1])
    assert value(entry, *turned) == pytest.approx(value(entry, logits, labels), rel=1e-6)


@every
def test_the_gradient_is_that_of_the_value(entry):
    """Along a random direction, by central differences; the pixels of `ohem` and the order of Lovász stay."""
    logits, labels = random_case(seed=3)
    direction = np.random.default_rng(1).normal(size=logits.shape).astype(np.float32)
    step = np.float32(2e-3)
    slope = (value(entry, logits + step * direction, labels) - value(entry, logits - step * direction, labels)) / (
        2 * float(step)
    )
    assert float((gradient(entry, logits, labels) * direction).sum()) == pytest.approx(slope, rel=0.02, abs=2e-3)


@every
def test_a_sure_and_right_network_has_almost_no_loss_and_a_wrong_one_much(entry):
    _, labels = random_case()
    right = 30 * np.eye(3, dtype=np.float32)[np.where(labels == 255, 0, labels)]
    smoothed = entry.get("label_smoothing", 0) * 30  # the share of the two other classes
    assert value(entry, right, labels) <= smoothed + 1e-4
    assert value(entry, np.roll(right, 1, axis=-1), labels) > 0.4 + smoothed


@every
def test_logits_of_half_precision_are_summed_in_float32(entry):
    logits, labels = random_case(size=(1, 40, 60))
    low = logits.astype(np.float16)
    found = loss(entry, low, labels)
    assert ops.dtype(found) == "float32"
    assert float(found) == pytest.approx(value(entry, low.astype(np.float32), labels), rel=1e-6)


def compiled(function):
    """By XLA on TensorFlow and JAX, for shapes that are known."""
    if keras.backend.backend() == "torch":
        pytest.skip("nothing is compiled on PyTorch")
    if keras.backend.backend() == "jax":
        import jax  # noqa: PLC0415 - not installed everywhere

        return jax.jit(function)
    import tensorflow as tf  # noqa: PLC0415 - not installed everywhere

    return tf.function(function, jit_compile=True, autograph=False)


@every
def test_xla_compiles_the_loss(entry):
    logits, labels = random_case()
    found = compiled(lambda logits, labels: loss(entry, logits, labels))(
        ops.convert_to_tensor(logits), ops.convert_to_tensor(labels)
    )
    assert float(found) == pytest.approx(value(entry, logits, labels), rel=1e-5)


def test_terms_are_weighted_and_named():
    logits, labels = random_case()
    entries = {"name": "cross_entropy", "weight": 0.25}, {"name": "dice", "weight": 3.0}
    found = SemanticLosses(config(*entries), 3)(logits, labels)
    assert list(found) == ["cross_entropy", "dice"]
    assert float(found["cross_entropy"]) == pytest.approx(0.25 * value({"name": "cross_entropy"}, logits, labels))
    assert float(found["dice"]) == pytest.approx(3 * value({"name": "dice"}, logits, labels))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([{"name": "dise"}], "dise"),
        ([{"name": "dice", "smoth": 1.0}], "smoth"),
        ([{"name": "dice"}, {"name": "dice", "weight": 2.0}], "named twice"),
        ([], "at least 1"),
        ([{"name": "focal", "class_weights": (1.0, -1.0)}], "greater than or equal to 0"),
        ([{"name": "focal", "class_weights": "inverse"}], "inverse_frequency"),
    ],
)
def test_a_wrong_section_is_refused(entries, said):
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(Losses).validate_python(entries)


def test_class_weights_fit_the_channels_and_are_numbers():
    with pytest.raises(UserError, match=r"model\.losses\.1\.class_weights has 3 numbers; the network has 4"):
        SemanticLosses(config({"name": "dice"}, {"name": "focal", "class_weights": [1.0, 1.0, 1.0]}), 4)
    named = TypeAdapter(Losses).validate_python([{"name": "focal", "class_weights": "median_frequency"}])
    with pytest.raises(UserError, match=r"give 4 numbers, the background first"):
        SemanticLosses(named, 4)
