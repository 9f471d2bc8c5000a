"""Thresholds, calibration, confusion and the quality of images, worked out by hand."""

import numpy as np
import pytest

from evaluation.calibration import calibration
from evaluation.confusion import confusion_matrix
from evaluation.image_quality import image_qualities
from evaluation.thresholds import GRID, best_threshold, f1_curve
from tests.evaluation.analysis_cases import BELOW, BESIDE, EMPTY, LEFT, RIGHT, analyzed, detections, objects

THREE = objects((LEFT, 1), (RIGHT, 1), (BELOW, 1))
RANKED = detections((LEFT, 1, 0.9), (EMPTY, 1, 0.8), (RIGHT, 1, 0.7), (EMPTY, 1, 0.6))


def test_the_best_threshold_has_the_highest_f1():
    # F1 at 0.9, 0.8, 0.7, 0.6: 2/4, 2/5, 4/6, 4/7.
    best = best_threshold(analyzed(THREE, RANKED)[2], 0)
    assert (best.threshold, best.objects) == (0.7, 3)
    assert [best.f1, best.precision, best.recall] == pytest.approx([2 / 3] * 3)


def test_a_threshold_does_not_part_equal_scores():
    found = detections((LEFT, 1, 0.9), (RIGHT, 1, 0.7), (EMPTY, 1, 0.7), ((0, 150, 30, 170), 1, 0.7))
    best = best_threshold(analyzed(THREE, found)[2], 0)
    assert (best.threshold, best.f1) == (0.7, pytest.approx(4 / 7))
    assert best.precision == 0.5


def test_f1_over_the_threshold():
    curve = f1_curve(analyzed(THREE, RANKED)[2], 0)
    at = {0.0: 4 / 7, 0.6: 4 / 7, 0.61: 4 / 6, 0.7: 4 / 6, 0.71: 2 / 5, 0.9: 2 / 4, 0.91: 0, 1.0: 0}
    for threshold, value in at.items():
        assert curve[np.abs(GRID - threshold).argmin()] == pytest.approx(value), threshold


def test_classes_without_an_object_or_a_correct_detection():
    outcomes = analyzed(objects((LEFT, 1)), detections((EMPTY, 1, 0.9), (RIGHT, 2, 0.8)))[2]
    assert best_threshold(outcomes, 0).f1 == best_threshold(outcomes, 0).recall == 0
    assert np.isnan(best_threshold(outcomes, 0).threshold)
    assert np.isnan(best_threshold(outcomes, 1).f1)
    assert np.isnan(f1_curve(outcomes, 1)).all()


def test_all_classes_together():
    ground_truth = objects((LEFT, 1), (RIGHT, 2))
    best = best_threshold(analyzed(ground_truth, detections((LEFT, 1, 0.9), (RIGHT, 2, 0.8), (EMPTY, 1, 0.7)))[2])
    assert (best.threshold, best.f1, best.objects) == (0.8, 1.0, 2)


def test_calibration_is_the_weighted_gap_of_the_bins():
    places = [LEFT, RIGHT, BELOW, EMPTY]
    found = detections(*((place, 1, 0.95) for place in places), ((0, 150, 30, 170), 1, 0.15))
    result = calibration(analyzed(THREE, found)[2])
    assert result.counts.tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0, 4]
    assert [result.scores[9], result.precisions[9]] == pytest.approx([0.95, 0.75])
    assert [result.scores[1], result.precisions[1]] == pytest.approx([0.15, 0])
    assert result.error == pytest.approx((4 * 0.2 + 1 * 0.15) / 5)
    assert np.isnan(result.scores[0])


def test_scores_at_the_edges_of_bins():
    found = detections((LEFT, 1, 1.0), (RIGHT, 1, 0.1), (EMPTY, 1, 0.0))
    assert calibration(analyzed(THREE, found)[2]).counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_no_detection_has_no_calibration():
    assert np.isnan(calibration(analyzed(THREE, [])[2]).error)


def test_the_confusion_matrix():
    ground_truth = objects((LEFT, 1), (RIGHT, 1), (BELOW, 3), (EMPTY, 2, 1, 1))
    found = detections(
        (LEFT, 1, 0.9),  # correct
        (LEFT, 2, 0.8),  # its object is taken: background as class 2
        (RIGHT, 3, 0.7),  # an object of class 1 as class 3
        (RIGHT, 2, 0.6),  # comes second
        (BELOW, 3, 0.4),  # below the threshold: the object is missed
        (EMPTY, 2, 0.9),  # in a crowd
    )
    paired, _, outcomes = analyzed(ground_truth, found)
    expected = [[1, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1], [0, 2, 0, 0]]
    assert confusion_matrix(paired, outcomes, "box", 0.5).tolist() == expected
    assert confusion_matrix(paired, outcomes, "box", 0.3)[2].tolist() == [0, 0, 1, 0]


def test_every_object_and_detection_is_in_the_confusion_matrix_once():
    rng = np.random.default_rng(5)
    boxes = [tuple(int(v) for v in (x, y, x + 40, y + 40)) for x, y in rng.integers(0, (190, 130), (40, 2))]
    images = tuple(range(1, 6))
    ground_truth = objects(*((box, 1 + i % 3, 1 + i % 5) for i, box in enumerate(boxes[:20])), images=images)
    found = detections(*((box, 1 + i % 2, 1 - i / 50, 1 + i % 5) for i, box in enumerate(boxes[10:])))
    paired, _, outcomes = analyzed(ground_truth, found)
    matrix = confusion_matrix(paired, outcomes, "box", 0.0)
    assert matrix[:3].sum(1).tolist() == np.bincount(outcomes.object_labels, minlength=3).tolist()
    assert matrix[:, :3].sum(0).tolist() == np.bincount(outcomes.labels, minlength=3).tolist()
    assert np.trace(matrix) == outcomes.hit.sum() > 0


def test_the_worst_image_comes_first():
    ground_truth = objects((LEFT, 1), (RIGHT, 2), (LEFT, 1, 2), images=(1, 2, 3))
    found = detections((LEFT, 1, 0.9), (BELOW, 1, 0.8), (RIGHT, 2, 0.3), (LEFT, 1, 0.9, 2), (BESIDE, 3, 0.1, 3))
    worst, *others = image_qualities(*analyzed(ground_truth, found)[::2], 0.5)
    # One correct of IoU 1, one wrong, one missed: 1 / (1 + 1/2 + 1/2).
    assert (worst.image_id, worst.quality) == (1, 0.5)
    assert (worst.correct, worst.wrong, worst.missed) == (1, 1, 1)
    assert worst.errors == ("background", "missed")
    assert worst.classes == ("cat", "dog")
    assert worst.found == (0, 1)
    assert [(one.image_id, one.quality) for one in others] == [(2, 1.0), (3, 1.0)]
    assert others[1].errors == others[1].classes == others[1].found == ()


def test_an_object_that_a_wrong_detection_is_about_is_not_called_missed():
    worst = image_qualities(*analyzed(objects((RIGHT, 1)), detections((BESIDE, 1, 0.9)))[::2], 0.5)[0]
    assert (worst.quality, worst.missed, worst.errors) == (0, 1, ("location",))
