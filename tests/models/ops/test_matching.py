import numpy as np
from keras import ops

from models.ops.matching import ignored_by_crowd, match


def run(iou, valid=None, low_quality=True, high=0.7, low=0.3):
    iou = np.asarray(iou, np.float32)[None]
    valid = np.ones(iou.shape[:2], bool) if valid is None else np.array([valid])
    matched, label = match(iou, valid, high, low, low_quality)
    return ops.convert_to_numpy(matched)[0].tolist(), ops.convert_to_numpy(label)[0].tolist()


def test_labels_by_the_two_thresholds():
    matched, label = run([[0.8, 0.5, 0.1, 0.25], [0.2, 0.6, 0.9, 0.0]], low_quality=False)
    assert matched == [0, 1, 1, 0]
    assert label == [1, -1, 1, 0]


def test_thresholds_count_as_above():
    assert run([[0.75, 0.25, 0.2]], low_quality=False, high=0.75, low=0.25)[1] == [1, -1, 0]


def test_low_quality_takes_all_ties_and_their_own_best():
    # Ground truth 1 is overlapped by 0.2 at best, by boxes 1 and 3 alike; box 3 overlaps ground truth 0 more.
    matched, label = run([[0.9, 0.1, 0.0, 0.5], [0.0, 0.2, 0.1, 0.2]])
    assert label == [1, 1, 0, 1]
    assert matched == [0, 1, 1, 0]
    assert run([[0.9, 0.1, 0.0, 0.5], [0.0, 0.2, 0.1, 0.2]], low_quality=False)[1] == [1, 0, 0, -1]


def test_a_truth_nothing_touches_makes_no_positive():
    assert run([[0.9, 0.0, 0.0], [0.0, 0.0, 0.0]])[1] == [1, 0, 0]


def test_padding_changes_nothing():
    iou = [[0.9, 0.1, 0.4], [0.2, 0.6, 0.1]]
    padded = [*iou, [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    assert run(padded, [True, True, False, False]) == run(iou)


def test_an_image_without_objects_has_negatives_only():
    matched, label = run([[0.9, 0.0], [0.8, 0.0]], [False, False])
    assert label == [0, 0]
    assert matched == [0, 0]


def test_crowd_by_the_share_of_the_box():
    boxes = np.float32([[[0, 0, 10, 10], [5, 0, 15, 10], [30, 30, 40, 40], [0, 0, 0, 0]]])
    crowds = np.float32([[[0, 0, 14, 100], [25, 25, 50, 50]]])
    ignored = ops.convert_to_numpy(ignored_by_crowd(boxes, crowds, np.array([[True, False]]), 0.7))
    assert ignored.tolist() == [[True, True, False, False]]
    ignored = ops.convert_to_numpy(ignored_by_crowd(boxes, crowds, np.array([[True, True]]), 0.9))
    assert ignored.tolist() == [[True, False, True, False]]
