import math

import numpy as np
import pytest
from keras import ops

from models.ops import masks as module
from models.ops.masks import crop_masks


def by_the_book(mask, box, size):
    """torchvision's RoIAlign of a mask with its adaptive number of samples, one sample after the other."""
    x1, y1, x2, y2 = (float(v) for v in box)
    height, width = mask.shape

    def matrix(low, high, length):
        cell = max(high - low, 1) / size
        count = math.ceil(cell)
        rows = np.zeros((size, length))
        for p, i in np.ndindex(size, count):
            position = min(low + (p + (i + 0.5) / count) * cell, length - 1)
            before = int(position)
            rows[p, before] += (1 - position + before) / count
            rows[p, min(before + 1, length - 1)] += (position - before) / count
        return rows

    return matrix(y1, y2, height) @ mask @ matrix(x1, x2, width).T


def run(masks, matched, boxes, size):
    masks, matched, boxes = np.uint8(masks), np.int32(matched), np.float32(boxes)
    return [ops.convert_to_numpy(x) for x in crop_masks(masks, matched, boxes, size)]


def random_case():
    rng = np.random.default_rng(0)
    masks = rng.integers(0, 2, (2, 3, 40, 50))
    corners = rng.uniform(0, 1, (2, 6, 2, 2)) * [50, 40]
    boxes = np.sort(corners, axis=2).reshape(2, 6, 4).astype(np.float32)
    boxes[0, 0], boxes[0, 1], boxes[1, 0] = [0, 0, 50, 40], [49, 39, 50, 40], [7, 7, 7, 7]
    return masks, rng.integers(0, 3, (2, 6)), boxes


def test_equals_single_samples():
    masks, matched, boxes = random_case()
    targets, weights = run(masks, matched, boxes, 7)
    for b, n in np.ndindex(2, 6):
        expected = by_the_book(masks[b, matched[b, n]], boxes[b, n], 7)
        np.testing.assert_allclose(targets[b, n], expected, atol=2e-4)
    assert (weights == 1).all()


def test_chunks_change_nothing(monkeypatch):
    expected, _ = run(*random_case(), 7)
    monkeypatch.setattr(module, "_CHUNK_ABOVE", 0)
    monkeypatch.setattr(module, "_CHUNK", 4)
    np.testing.assert_allclose(run(*random_case(), 7)[0], expected, atol=1e-6)


def test_by_hand():
    mask = np.zeros((1, 1, 8, 8))
    mask[0, 0, :, 4:] = 1
    # Cells two pixels wide over x 1…7: the last is all object; the middle has its samples at 3.5 and 4.5, whose
    # pixels' centers are taken to be whole numbers (no half pixel shift), so they see 0.5 and 1.
    targets, _ = run(mask, [[0]], [[[1, 2, 7, 8]]], 3)
    np.testing.assert_allclose(targets[0, 0], [[0, 0.75, 1]] * 3, atol=1e-5)


def test_ignored_pixels_take_no_part():
    mask = np.zeros((1, 1, 8, 8))
    mask[0, 0, :, :4] = 255
    mask[0, 0, :4, 4:] = 1
    targets, weights = run(mask, [[0]], [[[0, 0, 8, 8]]], 2)
    assert weights[0, 0].tolist() == [[0, 1], [0, 1]]
    # Samples at 4.5 and up see no ignored pixel; of the rows 0.5…3.5 the last one is halfway off the object.
    np.testing.assert_allclose(targets[0, 0, :, 1], [0.875, 0], atol=1e-5)
    mask[0, 0] = 1
    mask[0, 0, :, :3] = 255
    targets, weights = run(mask, [[0]], [[[0, 0, 8, 8]]], 1)
    # 3 of 8 columns and half a sample's share are ignored, all the others are object: the share of the rest is 1.
    assert targets.item() == pytest.approx(1, abs=1e-5)
    assert weights.item() == 1


def test_a_padded_object_gives_finite_targets():
    targets, weights = run(np.zeros((1, 2, 8, 8)), [[1]], [[[0, 0, 0, 0]]], 4)
    assert np.isfinite(targets).all()
    assert not targets.any()
    assert np.isfinite(weights).all()
