"""The whole network is the same function as torchvision 0.28's `maskrcnn_resnet50_fpn`, in float32, on every backend.

Two images: one that torchvision pads only, one that it also resizes. 1e-4 of an output's largest value is allowed.
"""

import cv2
import keras
import numpy as np
import pytest
from keras import ops

from base.batch import DataSpec
from base.variables import load_network_arrays
from inference.paste import paste_mask
from models.mask_rcnn.config import MaskRCNNConfig
from models.mask_rcnn.model import box_losses, mask_loss
from models.mask_rcnn.network import MaskRCNNNetwork
from models.mask_rcnn.targets import GroundTruth, RoITargets
from models.weights.torchvision import torchvision_arrays
from tests.models.golden import SOURCES, cut, golden
from tests.models.torchvision_formula import formula_state

INPUT = (256, 320)
CLASSES = tuple(f"coco {index}" for index in range(1, 91))
LEVELS = {"fpn_0": "P2", "fpn_1": "P3", "fpn_2": "P4", "fpn_3": "P5", "fpn_pool": "P6"}


@pytest.fixture(scope="module")
def network():
    # As in torchvision every class of every box above the score is a candidate: here there are 2713 and 2982.
    section = {"backbone": {"name": "resnet50", "weights": None}, "detect": {"pre_nms_top_n": 3000}}
    network = MaskRCNNNetwork(
        MaskRCNNConfig.model_validate(section), DataSpec("instance", CLASSES, INPUT, {"max_objects": 7})
    )
    network.backbone_builder.freeze()
    report = load_network_arrays(network, torchvision_arrays(formula_state()))
    assert report.missing == ["sampling_noise/seed_generator_state"]
    assert not report.reshaped and not report.unexpected
    return network


@pytest.fixture(scope="module", params=["forward", "resized"])
def part(request):
    return request.param


@pytest.fixture(scope="module", params=SOURCES)
def expected(request, part):
    return Expected(request.param, part)


@pytest.fixture(scope="module")
def outputs(network, part):
    return Outputs(network, golden("extract", part))


class Expected:
    """Stored outputs, and the comparison with ours."""

    def __init__(self, source, part):
        self.source, self.part = source, part
        self.arrays = golden(source, part)

    def check(self, name, values):
        """`values` are ours, whole; of torchvision's the extract may hold a part."""
        ours, theirs = cut(self.source, self.part, name, ops.convert_to_numpy(values)), self.arrays[name]
        if name.startswith("rpn_") and self.source == "extract":
            ours = ours * (theirs != 0)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4 * np.abs(theirs).max())


class Outputs:
    """What our network makes of a stored image."""

    def __init__(self, network, arrays):
        self.network = network
        height, width = (int(side) for side in arrays["network_input_size"][:2])
        self.image_size, self.batch = arrays["picture"].shape[:2], network_batch(arrays["picture"], height, width)
        self.to_image = np.tile([self.image_size[1] / width, self.image_size[0] / height], 2).astype(np.float32)
        self.pyramid = network.pyramid(self.batch, training=False)
        self.logits, self.deltas = network.rpn_head(self.pyramid)
        self.detections = {
            name: ops.convert_to_numpy(x)[0] for name, x in network.forward_inference(self.batch).items()
        }

    def pooled(self, boxes, head):
        return self.network.pool(self.pyramid, ops.convert_to_tensor(boxes[None]), head)

    def proposals(self):
        boxes, valid = self.network.propose(self.logits, self.deltas, self.batch, training=False)
        assert ops.convert_to_numpy(valid).all()
        return ops.convert_to_numpy(boxes)[0]


def network_batch(image, height, width):
    # torchvision resizes after it has normalized, so nothing is rounded to whole numbers in between.
    images = np.zeros((1, *INPUT, 3), np.float32)
    images[0, :height, :width] = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    size = np.array([[height, width]], np.int32)
    return {"images": ops.convert_to_tensor(images), "image_size": ops.convert_to_tensor(size)}


def test_features(outputs, expected):
    for name, level in LEVELS.items():
        # The references hold every 8th channel.
        expected.check(name, outputs.pyramid[level][..., ::8])


def test_region_proposals_outputs(outputs, expected):
    start = 0
    for index, level in enumerate(outputs.pyramid.values()):
        shape = (1, *level.shape[1:3], 3)
        part = slice(start, start + int(np.prod(shape)))
        start = part.stop
        if f"rpn_deltas_{index}" in expected.arrays:
            expected.check(f"rpn_objectness_{index}", ops.reshape(outputs.logits[:, part], shape))
            expected.check(f"rpn_deltas_{index}", ops.reshape(outputs.deltas[:, part], (*shape, 4)))


def test_proposals(outputs, expected):
    """All of them are there; near-equal scores may change places."""
    distance = np.abs(outputs.proposals()[:, None] - expected.arrays["proposals"][None]).max(axis=-1)
    assert distance.min(axis=0).max() < 1e-2 and distance.min(axis=1).max() < 1e-2
    assert (np.diag(distance) < 1e-2).mean() > 0.9


def test_heads(outputs, expected):
    boxes = expected.arrays["boxes_given"]
    pooled = outputs.pooled(boxes, outputs.network.config.box_head)
    expected.check("box_roi_align", pooled[0, ..., ::8])
    logits, deltas = outputs.network.box_head(pooled)
    expected.check("class_logits", logits[0])
    expected.check("box_deltas", deltas[0])
    pooled = outputs.pooled(boxes[:6], outputs.network.config.mask_head)
    expected.check("mask_roi_align", pooled[0, ..., ::8])
    # Ours has no mask of the background.
    masks = ops.convert_to_numpy(outputs.network.mask_head(pooled))[0]
    background = np.zeros_like(masks[..., :1])
    theirs = expected.arrays["mask_logits"]
    if expected.source == "full":
        expected.arrays["mask_logits"] = np.concatenate([background, theirs[..., 1:]], axis=-1)
    expected.check("mask_logits", np.concatenate([background, masks], axis=-1))


def test_detections(outputs, expected):
    """The same, in the same order; among scores less than 1e-4 apart the order is free."""
    ours, theirs = outputs.detections, expected.arrays
    scores, boxes = theirs["detection_scores"], ours["boxes"] * outputs.to_image
    assert len(scores) == len(ours["scores"]) == 100
    np.testing.assert_allclose(ours["scores"], scores, atol=1e-4)
    shape = theirs["detection_masks_shape"]
    masks = np.unpackbits(theirs["detection_masks_packed"], axis=-1)[..., : shape[-1]]
    left = list(range(100))
    for place in range(100):
        near = [i for i in left if np.abs(boxes[i] - theirs["detection_boxes"][place]).max() < 1e-2]
        same = [i for i in near if ours["classes"][i] == theirs["detection_labels"][place]]
        assert same, f"torchvision's detection {place} is missing"
        found = min(same, key=lambda i: abs(i - place))
        assert abs(scores[found] - scores[place]) < 1e-4
        left.remove(found)
        mask = paste_mask(ours["masks"][found], boxes[found], *outputs.image_size)
        union = np.logical_or(mask, masks[place]).sum()
        assert union == 0 or np.logical_and(mask, masks[place]).sum() / union >= 0.999


@pytest.mark.parametrize("source", SOURCES)
def test_losses_of_the_heads(network, source):
    """For torchvision's own samples of its proposals."""
    arrays, targets = golden(source, "forward"), golden(source, "targets")
    ours = Outputs(network, arrays)
    sampled, labels, matched = (targets[f"roi_{name}"] for name in ("sampled", "labels", "matched_gt"))
    order = np.argsort(labels[sampled] == 0, kind="stable")  # positives first
    rows = sampled[order]
    positive, boxes = labels[rows] > 0, targets["roi_proposals"][rows]
    values = (boxes, positive, np.ones_like(positive), matched[rows], labels[rows], targets["roi_box_targets"][order])
    rois = RoITargets(*(ops.convert_to_tensor(x[None]) for x in values))
    logits, deltas = network.box_head(ours.pooled(boxes, network.config.box_head))
    found = box_losses(logits, deltas, rois, network.config.box_head)
    assert float(found["classifier"]) == pytest.approx(targets["loss_classifier"].item(), rel=1e-4)
    assert float(found["box"]) == pytest.approx(targets["loss_box"].item(), rel=1e-4)
    drawn = network.mask_head(ours.pooled(boxes[: positive.sum()], network.config.mask_head))
    ground_truth = {"gt_boxes": targets["gt_boxes"], "gt_classes": targets["gt_labels"].astype(np.int32)}
    ground_truth |= {"gt_masks": targets["gt_masks"], "gt_crowd": np.zeros(len(targets["gt_boxes"]), bool)}
    ground_truth = GroundTruth.of({name: ops.convert_to_tensor(value[None]) for name, value in ground_truth.items()})
    assert float(mask_loss(drawn, rois, ground_truth)) == pytest.approx(targets["loss_mask"].item(), rel=1e-4)


def test_this_is_float32():
    assert keras.config.floatx() == "float32" and keras.config.dtype_policy().name == "float32"
