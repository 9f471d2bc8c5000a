"""Dice and Lovász-softmax, by hand and by definition."""

import numpy as np
import pytest
from keras import ops

from models.losses.overlap import lovasz_extension
from tests.models.losses.loss_cases import of_probabilities, random_case, value


def sure(labels, channels):
    """Logits that give these labels the probability 1 exactly."""
    return np.where(np.eye(channels)[labels] > 0, 0, -1e4).astype(np.float32)


def test_dice_by_hand():
    logits = of_probabilities((0.7, 0.2, 0.1), (0.4, 0.5, 0.1), (0.3, 0.3, 0.4))
    labels = [[[0, 1, 255]]]
    background = (2 * 0.7 + 1) / (0.7 + 0.4 + 1 + 1)
    first = (2 * 0.5 + 1) / (0.2 + 0.5 + 1 + 1)
    absent = 1 / (0.1 + 0.1 + 1)
    assert value({"name": "dice"}, logits, labels) == pytest.approx(1 - (background + first) / 2, rel=1e-6)
    every = 1 - (background + first + absent) / 3
    assert value({"name": "dice", "classes": "all"}, logits, labels) == pytest.approx(every, rel=1e-6)
    plain = 1 - (2 * 0.7 / (0.7 + 0.4 + 1) + 2 * 0.5 / (0.2 + 0.5 + 1)) / 2
    assert value({"name": "dice", "smooth": 0.0}, logits, labels) == pytest.approx(plain, rel=1e-6)


def test_dice_is_over_the_batch():
    logits, labels = random_case()
    turned = logits.reshape(1, 12, 7, 3), labels.reshape(1, 12, 7)
    assert value({"name": "dice"}, *turned) == pytest.approx(value({"name": "dice"}, logits, labels), rel=1e-6)


def test_lovasz_of_sure_predictions_is_1_minus_iou():
    labels, found = np.array([[[0, 0, 0, 1, 1, 255]]]), np.array([[[0, 0, 1, 1, 2, 2]]])
    losses = [1 - 2 / 3, 1 - 1 / 3, 1.0]  # the last class is predicted and not there
    logits = sure(found, 3)
    assert value({"name": "lovasz_softmax"}, logits, labels) == pytest.approx(np.mean(losses[:2]), rel=1e-6)
    every = {"name": "lovasz_softmax", "classes": "all"}
    assert value(every, logits, labels) == pytest.approx(np.mean(losses), rel=1e-6)


def test_lovasz_of_soft_predictions_by_hand():
    # Errors of the first class: 0.4 (its own pixel), 0.3 and 0.1 (others).
    logits = of_probabilities((0.6, 0.4), (0.3, 0.7), (0.1, 0.9))
    # Wrong so far {1}: IoU 0. {1, 2} and {1, 2, 3}: still 0, so only the largest error counts.
    first = 0.4 * 1 + 0.3 * 0 + 0.1 * 0
    # The second class, of pixels 2 and 3: errors 0.4 (another), 0.3, 0.1; IoU 2/3, 1/3, 0.
    second = 0.4 * (1 / 3) + 0.3 * (1 / 3) + 0.1 * (1 / 3)
    found = value({"name": "lovasz_softmax"}, logits, [[[0, 1, 1]]])
    assert found == pytest.approx((first + second) / 2, rel=1e-5)


def extension(*arrays):
    return ops.convert_to_numpy(lovasz_extension(*map(ops.convert_to_tensor, arrays)))


def by_definition(errors, targets, counted):
    """Algorithm 1 of the paper in float64, over the counted pixels."""
    errors, targets = errors[counted > 0].astype(np.float64), targets[counted > 0].astype(np.float64)
    order = np.argsort(-errors, kind="stable")
    errors, targets = errors[order], targets[order]
    intersection = targets.sum() - np.cumsum(targets)
    union = targets.sum() + np.cumsum(1 - targets)
    jaccard = 1 - intersection / union
    return float(errors @ np.diff(jaccard, prepend=0))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
def test_the_extension_is_that_of_the_paper(share):
    rng = np.random.default_rng(4)
    targets = (rng.random((5, 300)) < share).astype(np.float32)
    counted = (rng.random((5, 300)) < 0.8).astype(np.float32)
    errors = rng.random((5, 300)).astype(np.float32) * counted
    found = extension(errors, targets * counted, counted)
    expected = [by_definition(*row) for row in zip(errors, targets, counted, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_million_pixels_lose_no_digits():
    rng = np.random.default_rng(5)
    targets = (rng.random((1, 1_000_000)) < 0.3).astype(np.float32)
    errors, counted = rng.random(targets.shape).astype(np.float32), np.ones_like(targets)
    (found,) = extension(errors, targets, counted)
    assert found == pytest.approx(by_definition(errors[0], targets[0], counted[0]), rel=1e-5)


def test_lovasz_per_image_is_the_mean_of_the_images_that_have_labels():
    logits, labels = random_case(size=(3, 5, 6))
    labels[2] = 255
    entry = {"name": "lovasz_softmax"}
    single = [value(entry, logits[[row]], labels[[row]]) for row in (0, 1)]
    assert value(entry | {"per_image": True}, logits, labels) == pytest.approx(np.mean(single), rel=1e-6)
    assert value(entry, logits, labels) != pytest.approx(np.mean(single), rel=1e-3)
