"""Mask R-CNN's parts against stored outputs of torchvision 0.28's `maskrcnn_resnet50_fpn`.

`loss_classifier`, `loss_box` and `loss_mask` are not compared: the heads' outputs at the sampled
proposals are not stored.
"""

import numpy as np
import pytest
from keras import ops

from models.mask_rcnn.config import BoxHeadConfig, DetectConfig, RPNConfig
from models.mask_rcnn.detect import detect
from models.mask_rcnn.model import rpn_losses
from models.mask_rcnn.rpn import select_proposals
from models.mask_rcnn.targets import AnchorTargets, GroundTruth, anchor_targets, roi_targets
from models.ops.box_coder import BoxCoder
from models.ops.masks import crop_masks
from tests.models.golden import SOURCES, golden

SIZE = np.array([[240, 320]], np.int32)
LEVELS = [15360, 3840, 960, 240, 60]


@pytest.fixture(scope="module", params=SOURCES)
def source(request):
    return request.param


@pytest.fixture(scope="module")
def forward(source):
    return golden(source, "forward")


@pytest.fixture(scope="module")
def targets(source):
    return golden(source, "targets")


@pytest.fixture(scope="module")
def full_forward():
    return golden("full", "forward")


@pytest.fixture(scope="module")
def rpn(forward):
    return rpn_outputs(forward)


def rpn_outputs(forward):
    logits = np.concatenate([forward[f"rpn_objectness_{i}"].reshape(1, -1) for i in range(5)], axis=1)
    deltas = np.concatenate([forward[f"rpn_deltas_{i}"].reshape(1, -1, 4) for i in range(5)], axis=1)
    return logits, deltas


@pytest.fixture(scope="module")
def ground_truth(targets):
    labels = targets["gt_labels"].astype(np.int32)
    batch = {"gt_boxes": targets["gt_boxes"], "gt_classes": labels, "gt_masks": targets["gt_masks"]}
    batch["gt_crowd"] = np.zeros(len(labels), bool)
    return GroundTruth.of({name: value[None] for name, value in batch.items()})


def noise(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


def numbers(value):
    return ops.convert_to_numpy(value)[0]


def test_proposals(full_forward):
    forward, outputs = full_forward, rpn_outputs(full_forward)
    anchors = np.split(forward["anchors"], np.cumsum(LEVELS)[:-1])
    outputs = map(ops.convert_to_tensor, outputs)
    boxes, valid = map(numbers, select_proposals(*outputs, anchors, SIZE, RPNConfig(), training=False))
    assert valid.sum() == len(forward["proposals"]) == 1000
    # Near-equal scores may change places; every proposal must be there and most in its own place.
    distance = np.abs(boxes[:, None] - forward["proposals"][None]).max(axis=-1)
    assert distance.min(axis=0).max() < 1e-2 and distance.min(axis=1).max() < 1e-2
    assert (np.diag(distance) < 1e-2).mean() > 0.99


def test_anchor_targets(forward, targets, ground_truth):
    labels = targets["anchor_labels"]
    number = int((labels >= 0).sum())
    config = RPNConfig(samples=2 * number)
    found = anchor_targets(forward["anchors"], ground_truth, noise(1, len(labels)), config, 0.5)
    index, positive, valid, deltas = map(numbers, (found.index, found.positive, found.valid, found.deltas))
    assert set(index[positive]) == set(np.flatnonzero(labels == 1))
    assert set(index[valid & ~positive]) == set(np.flatnonzero(labels == 0))
    np.testing.assert_allclose(deltas[positive], targets["anchor_targets"][index[positive]], atol=1e-6)


def test_samples_of_anchors_are_as_many_as_torchvision_draws(forward, targets, ground_truth):
    found = anchor_targets(forward["anchors"], ground_truth, noise(1, len(forward["anchors"])), RPNConfig(), 0.5)
    assert numbers(found.positive).sum() == len(targets["rpn_positive"])
    assert numbers(found.valid).sum() == len(targets["rpn_positive"]) + len(targets["rpn_negative"])


def test_rpn_losses(targets, rpn):
    index = np.concatenate([targets["rpn_positive"], targets["rpn_negative"]])
    positive = np.arange(len(index)) < len(targets["rpn_positive"])
    deltas = np.where(positive[:, None], targets["anchor_targets"][index], 0)
    drawn = AnchorTargets(*(x[None] for x in (index, positive, np.ones_like(positive), deltas)))
    terms = rpn_losses(*rpn, drawn, RPNConfig())
    assert float(terms["rpn_objectness"]) == pytest.approx(targets["loss_objectness"].item(), rel=1e-5)
    assert float(terms["rpn_box"]) == pytest.approx(targets["loss_rpn_box"].item(), rel=1e-5)


def test_roi_targets(targets, ground_truth):
    """torchvision's candidates were stored without the objects' own boxes, which ours end with."""
    proposals, labels = targets["roi_proposals"], targets["roi_labels"]
    place = {tuple(box): index for index, box in enumerate(proposals.tolist())}
    total = len(proposals) + len(targets["gt_boxes"])
    config = BoxHeadConfig(samples=2 * total, positive_fraction=0.5)
    usable = np.ones((1, len(proposals)), bool)
    targets_of_all = roi_targets(proposals[None], usable, ground_truth, noise(1, total), config, 0.5)
    found = {name: numbers(value) for name, value in vars(targets_of_all).items()}
    assert found["valid"].sum() == total
    rows = np.array([row for row in range(total) if tuple(found["boxes"][row].tolist()) in place])
    index = np.array([place[tuple(found["boxes"][row].tolist())] for row in rows])
    assert len(set(index)) == len(proposals)
    np.testing.assert_array_equal(found["classes"][rows], labels[index])
    np.testing.assert_array_equal(found["positive"][rows], labels[index] > 0)
    positive = labels[index] > 0
    np.testing.assert_array_equal(found["matched"][rows][positive], targets["roi_matched_gt"][index[positive]])
    sampled = list(targets["roi_sampled"][labels[targets["roi_sampled"]] > 0])
    ours = np.array([rows[list(index).index(i)] for i in sampled])
    stored = [list(targets["roi_sampled"]).index(i) for i in sampled]
    np.testing.assert_allclose(found["deltas"][ours], targets["roi_box_targets"][stored], atol=1e-4)
    masks, _ = crop_masks(ground_truth.masks, found["matched"][None, ours], found["boxes"][None, ours], 28)
    np.testing.assert_allclose(numbers(masks), targets["mask_targets"], atol=1e-4)


def test_detections_are_those_of_a_plain_loop(full_forward):
    """torchvision's detections belong to other proposals; so its rules, written as loops, are the reference."""
    forward = full_forward
    logits, deltas, boxes = forward["class_logits"], forward["box_deltas"], forward["boxes_given"]
    arguments = (x[None] for x in (logits, deltas, boxes, np.ones(len(boxes), bool)))
    found = detect(*arguments, SIZE, BoxCoder(), DetectConfig())
    expected = plain_detections(logits, deltas, boxes)
    assert len(expected) == 100
    for ours, (score, label, box) in zip(zip(*map(numbers, found.values()), strict=True), expected, strict=True):
        np.testing.assert_allclose(ours[0], box, atol=1e-3)
        assert ours[1] == pytest.approx(score, rel=1e-5) and ours[2] == label


def plain_detections(logits, deltas, boxes):
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores = odds / odds.sum(axis=1, keepdims=True)
    pairs = [(scores[i, c], c, decoded(deltas[i, c], boxes[i])) for i, c in np.argwhere(scores > 0.05) if c > 0]
    kept = []
    for pair in sorted(pairs, key=lambda pair: -pair[0]):
        width, height = pair[2][2] - pair[2][0], pair[2][3] - pair[2][1]
        rivals = [other for other in kept if other[1] == pair[1]]
        if min(width, height) >= 0.01 and all(overlap(pair[2], other[2]) <= 0.5 for other in rivals):
            kept.append(pair)
    return kept[:100]


def decoded(deltas, box):
    size = box[2:] - box[:2]
    center = box[:2] + size / 2 + deltas[:2] / 10 * size
    size = size * np.exp(np.minimum(deltas[2:] / 5, np.log(1000 / 16)))
    corners = np.concatenate([center - size / 2, center + size / 2])
    return np.clip(corners, 0, [320, 240, 320, 240])


def overlap(a, b):
    shared = np.prod(np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)
