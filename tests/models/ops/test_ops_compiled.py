"""The operations inside one compiled function, with the batch size unknown, and their gradients."""

import keras
import numpy as np
import pytest
from keras import ops

from models.ops.boxes import clip, iou
from models.ops.masks import crop_masks
from models.ops.matching import match
from models.ops.nms import nms_sorted
from models.ops.roi_align import assign_levels, roi_align
from models.ops.sampling import sample

tf = pytest.importorskip("tensorflow")
if keras.backend.backend() != "tensorflow":
    pytest.skip("compiles with tf.function", allow_module_level=True)


def boxes_of(rng, *shape, size=32):
    corners = np.sort(rng.uniform(0, size, (*shape, 2, 2)), axis=-2)
    return corners.reshape(*shape, 4).astype(np.float32)


def everything(boxes, gt_boxes, masks, noise, coarse, fine):
    """Matching, sampling, suppression, pooling and cropping, one after the other."""
    boxes = clip(boxes, 32, 32)
    matched, label = match(iou(gt_boxes, boxes), ops.ones_like(gt_boxes[..., 0], "bool"), 0.5, 0.5, True)
    indices, positive, valid = sample(label, noise, 6, 0.5)
    keep = nms_sorted(boxes, ops.ones_like(noise, "bool"), 0.3, label)
    pooled = roi_align([fine, coarse], boxes, assign_levels(boxes, 2, 3, 16.0, 2), [0.5, 0.25], 3)
    targets, weights = crop_masks(masks, matched, boxes, 5)
    return indices, positive, valid, keep, pooled, targets, weights


def test_compiled_with_an_unknown_batch_equals_eager(way):
    rng = np.random.default_rng(0)
    arrays = (
        boxes_of(rng, 3, 12),
        boxes_of(rng, 3, 4),
        rng.integers(0, 2, (3, 4, 32, 32)).astype(np.uint8),
        rng.random((3, 12)).astype(np.float32),
        rng.normal(size=(3, 8, 8, 2)).astype(np.float32),
        rng.normal(size=(3, 16, 16, 2)).astype(np.float32),
    )
    signature = [tf.TensorSpec((None, *x.shape[1:]), x.dtype) for x in arrays]
    compiled = tf.function(everything, input_signature=signature)(*map(tf.constant, arrays))
    for one, other in zip(compiled, everything(*arrays), strict=True):
        np.testing.assert_allclose(
            one.numpy().astype(np.float32), ops.convert_to_numpy(other).astype(np.float32), atol=1e-4
        )


def test_the_gradient_of_roi_align_is_its_transpose(way):
    """`roi_align` is linear in the maps: <align(f), g> = <f, gradient of <align, g>>, the boxes get none."""
    rng = np.random.default_rng(1)
    maps = [tf.constant(rng.normal(size=(2, n, n, 3)), tf.float32) for n in (16, 8)]
    boxes, levels = tf.constant(boxes_of(rng, 2, 9)), tf.constant(rng.integers(0, 2, (2, 9)), tf.int32)
    seed = tf.constant(rng.normal(size=(2, 9, 3, 3, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch([*maps, boxes])
        product = tf.reduce_sum(roi_align(maps, boxes, levels, [0.5, 0.25], 3) * seed)
    *gradients, of_boxes = tape.gradient(product, [*maps, boxes])
    transposed = sum(tf.reduce_sum(f * tf.convert_to_tensor(g)) for f, g in zip(maps, gradients, strict=True))
    assert float(product) == pytest.approx(float(transposed), rel=1e-4)
    assert all(np.abs(tf.convert_to_tensor(g)).max() > 0 for g in gradients)
    assert of_boxes is None
