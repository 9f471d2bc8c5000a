"""Cross entropy and what is derived from it, by hand."""

import math

import numpy as np
import pytest
from keras import ops

from models.losses.cross_entropy import boundary_weight
from tests.gradients import gradients
from tests.models.losses.loss_cases import loss, of_probabilities, random_case, value

LN = math.log


def test_cross_entropy_is_the_mean_over_what_is_not_ignored():
    logits = of_probabilities((0.5, 0.25, 0.25), (0.1, 0.8, 0.1), (0.2, 0.2, 0.6), (0.9, 0.05, 0.05))
    labels = [[[0, 1, 255, 2]]]
    expected = -(LN(0.5) + LN(0.8) + LN(0.05)) / 3
    assert value({"name": "cross_entropy"}, logits, labels) == pytest.approx(expected, rel=1e-6)


def test_class_weights_weight_the_mean():
    logits = of_probabilities((0.5, 0.5), (0.2, 0.8), (0.4, 0.6))
    entry = {"name": "cross_entropy", "class_weights": [1.0, 3.0]}
    expected = -(LN(0.5) + 3 * LN(0.8) + 3 * LN(0.6)) / 7
    assert value(entry, logits, [[[0, 1, 1]]]) == pytest.approx(expected, rel=1e-6)


def test_a_class_of_weight_0_is_not_learned():
    logits = of_probabilities((0.5, 0.5), (0.2, 0.8))
    entry = {"name": "cross_entropy", "class_weights": [0.0, 3.0]}
    assert value(entry, logits, [[[0, 1]]]) == pytest.approx(-LN(0.8), rel=1e-6)
    assert value(entry, logits, [[[0, 0]]]) == 0


def test_label_smoothing_spreads_its_share_over_all_classes():
    logits = of_probabilities((0.5, 0.25, 0.25), (0.1, 0.8, 0.1))
    first = -(0.8 * LN(0.5) + 0.1 * LN(0.25) + 0.1 * LN(0.25))
    second = -(0.8 * LN(0.8) + 0.1 * LN(0.1) + 0.1 * LN(0.1))
    entry = {"name": "cross_entropy", "label_smoothing": 0.3}
    assert value(entry, logits, [[[0, 1]]]) == pytest.approx((first + second) / 2, rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_gradient_of_cross_entropy_by_its_formula(smoothing):
    """Probabilities less the target, in float64."""
    logits, labels = random_case(channels=4)
    weights = np.array([0.3, 2.0, 0.0, 1.5])
    entry = {"name": "cross_entropy", "label_smoothing": smoothing, "class_weights": weights.tolist()}
    (found,) = gradients(lambda logits: loss(entry, logits, labels), logits)
    exponentials = np.exp(logits.astype(np.float64))
    probabilities = exponentials / exponentials.sum(-1, keepdims=True)
    counted = labels != 255
    targets = np.eye(4)[np.where(counted, labels, 0)] * weights * (1 - smoothing) + weights * smoothing / 4
    expected = (probabilities * targets.sum(-1, keepdims=True) - targets) * counted[..., None]
    expected /= weights[labels[counted]].sum()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [None, (0.3, 2.0, 0.0, 1.5)])
def test_cross_entropy_is_pytorch_s(weights, smoothing):
    torch = pytest.importorskip("torch")
    logits, labels = random_case(channels=4)
    target = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).movedim(-1, 1),
        torch.from_numpy(labels).long(),
        None if weights is None else torch.tensor(weights),
        ignore_index=255,
        label_smoothing=smoothing,
    )
    entry = {"name": "cross_entropy", "label_smoothing": smoothing, "class_weights": weights}
    entry = {key: one for key, one in entry.items() if one is not None}
    assert value(entry, logits, labels) == pytest.approx(float(target), rel=1e-6)


@pytest.mark.parametrize(
    ("threshold", "min_kept", "kept"),
    [
        (0.5, 0.1, (0.1, 0.2, 0.3)),  # those below the threshold, more than the least number
        (0.15, 0.4, (0.1, 0.2)),  # the hardest two of five, more than are below the threshold
        (0.0, 0.6, (0.1, 0.2, 0.3)),
        (0.0, 0.01, (0.1,)),  # one at least
        (1.0, 0.01, (0.1, 0.2, 0.3, 0.6, 0.9)),
    ],
)
def test_ohem_keeps_the_hard_pixels(threshold, min_kept, kept):
    of_label = (0.9, 0.1, 0.3, 0.6, 0.2)
    logits = of_probabilities(*[(one, 1 - one) for one in of_label], (0.01, 0.99))
    entry = {"name": "ohem", "threshold": threshold, "min_kept": min_kept}
    found = value(entry, logits, [[[0, 0, 0, 0, 0, 255]]])
    assert found == pytest.approx(-sum(map(LN, kept)) / len(kept), rel=1e-5)


def test_ohem_weights_the_classes_of_hard_pixels():
    logits = of_probabilities((0.9, 0.1), (0.3, 0.7), (0.4, 0.6))
    entry = {"name": "ohem", "threshold": 0.5, "class_weights": [1.0, 2.0]}
    assert value(entry, logits, [[[1, 1, 0]]]) == pytest.approx(-(2 * LN(0.1) + LN(0.4)) / 3, rel=1e-6)


def test_focal_loss_by_hand():
    logits = of_probabilities((0.5, 0.5), (0.2, 0.8))
    entry = {"name": "focal", "gamma": 2.0}
    expected = -(0.25 * LN(0.5) + 0.04 * LN(0.8)) / 2
    assert value(entry, logits, [[[0, 1]]]) == pytest.approx(expected, rel=1e-6)
    weighted = -(0.25 * LN(0.5) + 3 * 0.04 * LN(0.8)) / 4
    assert value(entry | {"class_weights": [1.0, 3.0]}, logits, [[[0, 1]]]) == pytest.approx(weighted, rel=1e-6)


def test_focal_loss_without_gamma_is_cross_entropy():
    case = random_case()
    assert value({"name": "focal", "gamma": 0.0}, *case) == pytest.approx(value({"name": "cross_entropy"}, *case))


def distances(weights, amplitude, sigma):
    """Chessboard distances of boundary weights, 0 where there is none."""
    weights = ops.convert_to_numpy(weights) - 1
    found = np.zeros(weights.shape, int)
    near = weights > 0
    found[near] = np.rint(np.sqrt(-2 * sigma**2 * np.log(weights[near] / amplitude)))
    return found


def test_boundary_weights_follow_the_distance_to_another_class():
    labels = np.array([[[0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2]]], np.int32)
    weights = boundary_weight(labels, labels != 255, amplitude=4.0, sigma=1.0)
    assert distances(weights, 4.0, 1.0)[0, 0].tolist() == [0, 3, 2, 1, 1, 1, 1, 2, 3, 0, 0]
    assert float(weights[0, 0, 3]) == pytest.approx(1 + 4 * math.exp(-0.5))
    assert float(weights[0, 0, 0]) == 1


def test_boundary_weights_go_around_corners_and_across_ignored_pixels():
    labels = np.zeros((1, 5, 5), np.int32)
    labels[0, 0, 0] = 1
    square = [[1, 1, 2, 3, 4], [1, 1, 2, 3, 4], [2, 2, 2, 3, 4], [3, 3, 3, 3, 4], [4, 4, 4, 4, 4]]
    assert distances(boundary_weight(labels, labels != 255, 9.0, 2.0), 9.0, 2.0)[0].tolist() == square
    labels[0, 1, :2] = labels[0, 0, 1] = 255
    found = distances(boundary_weight(np.where(labels == 255, 0, labels), labels != 255, 9.0, 2.0), 9.0, 2.0)[0]
    counted = labels[0] != 255
    assert found[counted].tolist() == [2, *np.array(square)[counted][1:].tolist()]


def test_ignored_pixels_alone_make_no_boundary():
    labels = np.array([[[1, 1, 255, 1, 1]]], np.int32)
    weights = ops.convert_to_numpy(boundary_weight(np.where(labels == 255, 0, labels), labels != 255, 9.0, 1.0))
    assert (weights[labels != 255] == 1).all()


def test_the_boundary_loss_is_the_mean_by_these_weights():
    logits = of_probabilities((0.5, 0.5), (0.9, 0.1), (0.2, 0.8))
    near, far = 1 + 3 * math.exp(-0.5), 1 + 3 * math.exp(-2)
    expected = -(far * LN(0.5) + near * LN(0.9) + near * LN(0.8)) / (far + 2 * near)
    entry = {"name": "boundary", "amplitude": 3.0, "sigma": 1.0}
    assert value(entry, logits, [[[0, 0, 1]]]) == pytest.approx(expected, rel=1e-6)
