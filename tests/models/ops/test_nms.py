import numpy as np
import pytest
from keras import ops

from models.ops.nms import best_of_classes, best_of_levels, nms_sorted


def greedy(boxes, scores, valid, threshold, groups=None):
    """The textbook's loop, in float32 as the code under test."""
    keep = np.zeros(len(boxes), bool)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for i in np.argsort(-scores, kind="stable"):
        if not valid[i]:
            continue
        others = np.flatnonzero(keep & (True if groups is None else groups == groups[i]))
        low, high = np.maximum(boxes[i, :2], boxes[others, :2]), np.minimum(boxes[i, 2:], boxes[others, 2:])
        shared = np.maximum(high - low, 0).prod(axis=1)
        keep[i] = not (shared / np.maximum(areas[i] + areas[others] - shared, 1e-9) > threshold).any()
    return keep


def crowded(seed, count=150):
    rng = np.random.default_rng(seed)
    corner, size = rng.uniform(0, 60, (count, 2)), rng.uniform(10, 40, (count, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    # Rounded scores, so that there are ties.
    scores = -np.sort(-rng.random(count).round(2)).astype(np.float32)
    return boxes, scores, rng.random(count) < 0.9, rng.integers(0, 4, count)


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("grouped", [False, True])
def test_equals_the_greedy_loop(threshold, grouped):
    images = [crowded(seed) for seed in range(3)]
    boxes, _, valid, groups = (np.stack(values) for values in zip(*images, strict=True))
    keep = ops.convert_to_numpy(nms_sorted(boxes, valid, threshold, groups if grouped else None))
    for i, (one_boxes, one_scores, one_valid, one_groups) in enumerate(images):
        expected = greedy(one_boxes, one_scores, one_valid, threshold, one_groups if grouped else None)
        np.testing.assert_array_equal(keep[i], expected)
        assert 0 < expected.sum() < one_valid.sum()


def test_a_suppressed_box_suppresses_nothing_along_a_long_chain():
    # Each box overlaps the next one by 0.6 and the one after it by 0.33: every other one stays.
    x = np.arange(41, dtype=np.float32) * 2.5
    boxes = np.stack([x, np.zeros_like(x), x + 10, np.full_like(x, 10)], axis=1)[None]
    keep = ops.convert_to_numpy(nms_sorted(boxes, np.ones((1, 41), bool), 0.5))
    np.testing.assert_array_equal(keep[0], np.arange(41) % 2 == 0)


def test_invalid_boxes_neither_stay_nor_suppress():
    boxes = np.float32([[[0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 0, 0]]])
    keep = nms_sorted(boxes, np.array([[False, True, False]]), 0.5)
    assert ops.convert_to_numpy(keep).tolist() == [[False, True, False]]


def test_empty_boxes_do_not_matter():
    boxes = np.float32([[[0, 0, 0, 0], [0, 0, 10, 10], [0, 0, 10, 10], [0, 0, 0, 0]]])
    keep = nms_sorted(boxes, np.ones((1, 4), bool), 0.5)
    assert ops.convert_to_numpy(keep).tolist() == [[True, True, False, True]]


def test_an_overlap_equal_to_the_threshold_is_allowed():
    boxes = np.float32([[[0, 0, 10, 10], [0, 0, 10, 5]]])
    assert ops.convert_to_numpy(nms_sorted(boxes, np.ones((1, 2), bool), 0.5)).tolist() == [[True, True]]
    assert ops.convert_to_numpy(nms_sorted(boxes, np.ones((1, 2), bool), 0.49)).tolist() == [[True, False]]


def random_boxes(rng, *shape):
    corner = rng.uniform(0, 60, (*shape, 2))
    return np.concatenate([corner, corner + rng.uniform(1, 30, (*shape, 2))], axis=-1).astype(np.float32)


def check_best(found, boxes, scores, keep, number):
    """`found` holds the best of what the plain loop keeps, and zeros after that."""
    best = [i for i in np.argsort(-scores, kind="stable") if keep[i]][:number]
    np.testing.assert_allclose(found[: len(best)], boxes[best])
    assert not found[len(best) :].any()
    return best


def test_best_of_levels_is_the_greedy_rule_within_each_level(operations):
    rng = np.random.default_rng(1)
    lengths = (40, 25, 7)
    boxes = random_boxes(rng, 2, sum(lengths))
    scores = np.concatenate([-np.sort(-rng.normal(size=(2, n)), axis=1) for n in lengths], axis=1).astype(np.float32)
    usable = rng.random((2, sum(lengths))) < 0.8
    found, real = map(ops.convert_to_numpy, best_of_levels(boxes, scores, usable, lengths, 0.3, 30))
    levels = np.repeat([0, 1, 2], lengths)
    for image in range(2):
        one, score, able = boxes[image], scores[image], usable[image]
        best = check_best(found[image], one, score, greedy(one, score, able, 0.3, levels), 30)
        assert 10 < real[image].sum() == len(best) < able.sum()


@pytest.mark.parametrize("candidates", [60, 1000])
def test_best_of_classes_is_the_greedy_rule_within_each_class(operations, candidates):
    rng = np.random.default_rng(2)
    boxes = random_boxes(rng, 2, 30, 4)
    scores = np.maximum(rng.uniform(-0.5, 1, (2, 30, 4)), 0).astype(np.float32)
    found, kept, classes = map(ops.convert_to_numpy, best_of_classes(boxes, scores, 0.2, 40, candidates))
    labels = np.tile(np.arange(1, 5), 30)
    for image in range(2):
        one, score = boxes[image].reshape(-1, 4), scores[image].reshape(-1)
        able = (score > 0) & (score >= np.sort(score)[-min(candidates, 120)])
        best = check_best(found[image], one, score, greedy(one, score, able, 0.2, labels), 40)
        assert 5 < len(best) < able.sum()
        np.testing.assert_allclose(kept[image], np.pad(score[best], (0, len(kept[image]) - len(best))))
        np.testing.assert_array_equal(classes[image], np.pad(labels[best], (0, len(kept[image]) - len(best))))


def test_a_single_level(operations):
    rng = np.random.default_rng(3)
    boxes, scores = random_boxes(rng, 1, 20), -np.sort(-rng.normal(size=(1, 20)).astype(np.float32))
    found, _ = best_of_levels(boxes, scores, np.ones((1, 20), bool), [20], 0.3, 10)
    keep = greedy(boxes[0], scores[0], np.ones(20, bool), 0.3, np.zeros(20))
    check_best(ops.convert_to_numpy(found)[0], boxes[0], scores[0], keep, 10)
