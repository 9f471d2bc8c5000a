"""The operations against stored outputs of torchvision 0.28's `maskrcnn_resnet50_fpn`."""

import numpy as np
import pytest
from keras import ops

from models.losses.functional import binary_cross_entropy, smooth_l1
from models.ops.anchors import AnchorGenerator
from models.ops.box_coder import BoxCoder
from models.ops.boxes import iou
from models.ops.masks import crop_masks
from models.ops.matching import match
from models.ops.nms import best_of_classes, nms_sorted
from models.ops.roi_align import assign_levels, roi_align
from tests.models.golden import SOURCES, golden

LEVELS = [(64, 80), (32, 40), (16, 20), (8, 10), (4, 5)]


@pytest.fixture(scope="module", params=SOURCES)
def source(request):
    return request.param


@pytest.fixture(scope="module")
def targets(source):
    return golden(source, "targets")


@pytest.fixture(scope="module")
def forward(source):
    return golden(source, "forward")


def matched_to(boxes, gt_boxes, *thresholds, low_quality):
    valid = np.ones((1, len(gt_boxes)), bool)
    result = match(iou(gt_boxes[None], boxes[None]), valid, *thresholds, low_quality)
    return [ops.convert_to_numpy(x)[0] for x in result]


def test_anchors(forward):
    anchors = AnchorGenerator().grid((4, 8, 16, 32, 64), LEVELS)
    np.testing.assert_array_equal(np.concatenate(anchors), forward["anchors"])


def test_matching_and_targets_of_anchors(targets, forward):
    matched, label = matched_to(forward["anchors"], targets["gt_boxes"], 0.7, 0.3, low_quality=True)
    np.testing.assert_array_equal(label, targets["anchor_labels"])
    positive = label == 1
    assert positive.sum() == 19
    coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    encoded = coder.encode(targets["gt_boxes"][matched[positive]], forward["anchors"][positive])
    np.testing.assert_allclose(ops.convert_to_numpy(encoded), targets["anchor_targets"][positive], atol=1e-6)


def test_matching_and_targets_of_proposals(targets):
    proposals, gt_boxes = targets["roi_proposals"], targets["gt_boxes"]
    matched, label = matched_to(proposals, gt_boxes, 0.5, 0.5, low_quality=False)
    positive = targets["roi_labels"] > 0
    np.testing.assert_array_equal(label == 1, positive)
    np.testing.assert_array_equal(matched[positive], targets["roi_matched_gt"][positive])
    sampled = targets["roi_sampled"]
    encoded = BoxCoder().encode(gt_boxes[targets["roi_matched_gt"][sampled]], proposals[sampled])
    np.testing.assert_allclose(ops.convert_to_numpy(encoded), targets["roi_box_targets"], atol=1e-4)


def test_losses_of_the_region_proposals(targets, forward):
    logits = np.concatenate([forward[f"rpn_objectness_{i}"].reshape(-1) for i in range(5)])
    deltas = np.concatenate([forward[f"rpn_deltas_{i}"].reshape(-1, 4) for i in range(5)])
    positive, weight = np.zeros_like(logits), np.zeros_like(logits)
    positive[targets["rpn_positive"]] = 1
    weight[targets["rpn_positive"]] = weight[targets["rpn_negative"]] = 1
    objectness = binary_cross_entropy(logits, positive, weight)
    assert float(objectness) == pytest.approx(targets["loss_objectness"].item(), rel=1e-5)
    box = smooth_l1(deltas, targets["anchor_targets"], positive[:, None], beta=1 / 9, normalizer=weight.sum())
    assert float(box) == pytest.approx(targets["loss_rpn_box"].item(), rel=1e-5)


def test_mask_targets(targets):
    sampled = targets["roi_sampled"]
    positive = sampled[targets["roi_labels"][sampled] > 0]
    arguments = targets["gt_masks"], targets["roi_matched_gt"][positive], targets["roi_proposals"][positive]
    result, weights = crop_masks(*(x[None] for x in arguments), 28)
    np.testing.assert_allclose(ops.convert_to_numpy(result)[0], targets["mask_targets"], atol=1e-4)
    assert (ops.convert_to_numpy(weights) == 1).all()


@pytest.mark.parametrize(("name", "threshold"), [("nms3", 0.3), ("nms5", 0.5), ("nms7", 0.7)])
def test_nms(targets, name, threshold):
    order = np.argsort(-targets[f"{name}_scores"], kind="stable")
    boxes, classes = (targets[f"{name}_{x}"][None, order] for x in ("boxes", "classes"))
    valid = np.ones(boxes.shape[:2], bool)
    plain = ops.convert_to_numpy(nms_sorted(boxes, valid, threshold))[0]
    np.testing.assert_array_equal(order[plain], targets[f"{name}_keep"])
    per_class = ops.convert_to_numpy(nms_sorted(boxes, valid, threshold, classes))[0]
    np.testing.assert_array_equal(order[per_class], targets[f"{name}_batched_keep"])


def test_roi_align(forward, way):
    maps, scales = [forward[f"fpn_{i}"] for i in range(4)], [1 / 4, 1 / 8, 1 / 16, 1 / 32]
    boxes = forward["boxes_given"][None]
    levels = assign_levels(boxes, 2, 5)
    for count, size, name in ((120, 7, "box_roi_align"), (6, 14, "mask_roi_align")):
        result = ops.convert_to_numpy(roi_align(maps, boxes[:, :count], levels[:, :count], scales, size))
        np.testing.assert_allclose(result[0], forward[name], atol=1e-4)


@pytest.mark.parametrize(("name", "threshold"), [("nms3", 0.3), ("nms5", 0.5), ("nms7", 0.7)])
def test_best_of_classes(targets, operations, name, threshold):
    """What detection does with these cases: every box stands for its own class only."""
    boxes, scores, classes = (targets[f"{name}_{x}"] for x in ("boxes", "scores", "classes"))
    number = len(boxes)
    scores = scores + 1  # one of them is 0, which would take no part
    of_class = np.where(classes[:, None] == np.unique(classes), scores[:, None], 0).astype(np.float32)[None]
    several = np.repeat(boxes[None, :, None], of_class.shape[-1], axis=2)
    found, kept, labels = map(ops.convert_to_numpy, best_of_classes(several, of_class, threshold, number, number))
    expected = targets[f"{name}_batched_keep"]
    expected = expected[np.argsort(-scores[expected], kind="stable")]
    count = len(expected)
    np.testing.assert_allclose(kept[0, :count], scores[expected])
    np.testing.assert_array_equal(found[0, :count], boxes[expected])
    np.testing.assert_array_equal(np.unique(classes)[labels[0, :count] - 1], classes[expected])
    assert not kept[0, count:].any()
