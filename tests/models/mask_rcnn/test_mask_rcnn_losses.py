import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, RPNConfig
from models.mask_rcnn.model import box_losses, mask_loss, rpn_losses
from models.mask_rcnn.targets import AnchorTargets, GroundTruth, RoITargets
from tests.gradients import gradients

LN2 = np.log(2.0)


def anchors(positive=(True, False)):
    """Of three anchors of two images: 0 and 2 of the first are drawn, 1 of the second; its other slot is empty."""
    positive = np.array([positive, (False, False)])
    deltas = np.where(positive[..., None], np.float32([0.5, 0, 0, 0]), np.float32(0))
    return AnchorTargets(np.array([[0, 2], [1, 0]]), positive, np.array([[True, True], [True, False]]), deltas)


def rois(positive=True):
    """One image of 8 × 8: a box of class 2, a background, a box of class 1, an empty slot."""
    drawn = np.array([[True, False, True, False]]) & positive
    boxes = np.float32([[[0, 0, 8, 8], [0, 0, 4, 4], [0, 0, 8, 4], [0, 0, 8, 8]]])
    deltas = np.where(drawn[..., None], np.float32([0, 0, 1, 0]), np.float32(0))
    classes = np.where(drawn, [[2, 0, 1, 0]], 0).astype(np.int32)
    return RoITargets(boxes, drawn, np.array([[True] * 3 + [False]]), np.array([[0, 0, 1, 0]]), classes, deltas)


def masks(first=1, second=1):
    """Object 0 fills the left half of the image, object 1 all of it."""
    gt = np.zeros((1, 2, 8, 8), np.uint8)
    gt[0, 0, :, :4], gt[0, 1] = first, second
    boxes, ones = np.float32([[[0, 0, 4, 8], [0, 0, 8, 8]]]), np.ones((1, 2), bool)
    return GroundTruth(boxes, np.array([[2, 1]]), ones, ~ones, gt)


def test_rpn_losses_are_sums_divided_by_the_number_of_samples():
    logits = np.float32([[0, 77, 0], [88, 50, 99]])
    deltas = np.full((2, 3, 4), 1000, np.float32)
    deltas[0, 0] = 0.6, 0, 0, 1
    terms = rpn_losses(logits, deltas, anchors(), RPNConfig())
    assert float(terms["rpn_objectness"]) == pytest.approx((2 * LN2 + 50) / 3, rel=1e-6)
    # 0.1 lies in the quadratic part, 1 in the linear one; beta is 1 / 9.
    assert float(terms["rpn_box"]) == pytest.approx((0.5 * 0.01 * 9 + 1 - 1 / 18) / 3, rel=1e-5)


def test_rpn_losses_without_a_positive_are_finite():
    zeros, ones = np.zeros((2, 3), np.float32), np.ones((2, 3, 4), np.float32)
    terms = rpn_losses(zeros, ones, anchors((False, False)), RPNConfig())
    assert float(terms["rpn_objectness"]) == pytest.approx(LN2)
    assert float(terms["rpn_box"]) == 0


def test_box_losses_take_the_deltas_of_the_true_class():
    logits = np.log(np.float32([[[0.2, 0.3, 0.5], [0.25, 0.5, 0.25], [0.5, 0.1, 0.4], [1e-9, 1, 1e-9]]]))
    deltas = np.full((1, 4, 3, 4), 1000, np.float32)
    deltas[0, 0, 2], deltas[0, 2, 1] = (0, 0, 3, 0), (0, 0.1, 1, 0)
    terms = box_losses(logits, ops.convert_to_tensor(deltas), rois(), BoxHeadConfig())
    expected = -(np.log(0.5) + np.log(0.25) + np.log(0.1)) / 3
    assert float(terms["classifier"]) == pytest.approx(expected, rel=1e-6)
    assert float(terms["box"]) == pytest.approx((2 - 1 / 18 + 0.5 * 0.01 * 9) / 3, rel=1e-5)


def test_box_losses_without_a_positive_are_finite():
    zeros, ones = np.zeros((1, 4, 3), np.float32), np.ones((1, 4, 3, 4), np.float32)
    terms = box_losses(zeros, ops.convert_to_tensor(ones), rois(positive=False), BoxHeadConfig())
    assert float(terms["classifier"]) == pytest.approx(np.log(3))
    assert float(terms["box"]) == 0


def test_where_the_box_losses_turn_linear_is_config():
    deltas = np.zeros((2, 3, 4), np.float32)
    deltas[0, 0] = 0.5, 0, 0, 1
    terms = rpn_losses(np.zeros((2, 3), np.float32), deltas, anchors(), RPNConfig(smooth_l1_beta=2.0))
    assert float(terms["rpn_box"]) == pytest.approx(0.5 * 1 / 2 / 3, rel=1e-5)
    deltas = np.zeros((1, 4, 3, 4), np.float32)
    zeros = np.zeros((1, 4, 3), np.float32)
    terms = box_losses(zeros, ops.convert_to_tensor(deltas), rois(), BoxHeadConfig(smooth_l1_beta=0.0))
    assert float(terms["box"]) == pytest.approx(2 / 3, rel=1e-5)


def test_mask_loss_is_the_mean_over_the_positives_pixels_of_their_own_class():
    logits = np.full((1, 4, 4, 4, 2), 50, np.float32)
    logits[0, 0, :, :2, 1], logits[0, 0, :, 2:, 1] = 0, -2
    logits[0, 2, ..., 0] = 1
    # The first: half of its pixels object at 0, half background at -2; the third: all object at 1.
    expected = (0.5 * LN2 + 0.5 * np.log1p(np.exp(-2)) + np.log1p(np.exp(-1))) / 2
    assert float(mask_loss(logits, rois(), masks())) == pytest.approx(expected, rel=1e-5)


def test_mask_loss_looks_at_as_many_samples_as_there_are_masks():
    logits = np.full((1, 1, 4, 4, 2), 50, np.float32)
    logits[0, 0, :, :2, 1], logits[0, 0, :, 2:, 1] = 0, -2
    expected = 0.5 * LN2 + 0.5 * np.log1p(np.exp(-2))
    assert float(mask_loss(logits, rois(), masks())) == pytest.approx(expected, rel=1e-5)


def test_ignored_pixels_do_not_count_in_the_mask_loss():
    logits = np.full((1, 1, 4, 4, 2), -3, np.float32)
    logits[0, 0, :, :2, 1] = 1e4
    ignored = masks(first=255)
    assert float(mask_loss(logits, rois(), ignored)) == pytest.approx(np.log1p(np.exp(-3)), rel=1e-5)


def test_mask_loss_and_its_gradient_are_0_without_a_positive():
    logits = np.random.default_rng(0).normal(size=(1, 4, 4, 4, 2)).astype(np.float32)
    assert float(mask_loss(logits, rois(positive=False), masks())) == 0
    (gradient,) = gradients(lambda logits: mask_loss(logits, rois(positive=False), masks()), logits)
    assert gradient is not None and not gradient.any()
