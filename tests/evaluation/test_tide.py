"""Each error of TIDE alone, worked out by hand: with two objects, one found, the AP is 51/101."""

import numpy as np
import pytest

from evaluation.outcomes import OUTCOMES
from evaluation.tide import ERRORS, tide
from tests.evaluation.analysis_cases import BELOW, BESIDE, EMPTY, LEFT, RIGHT, analyzed, detections, objects

TWO = objects((LEFT, 1), (RIGHT, 1))
HALF = 51 / 101
WITH_ONE_WRONG_BETWEEN = (51 + 50 * 2 / 3) / 101

CASES = {
    "class": (TWO, [(LEFT, 1, 0.9), (RIGHT, 2, 0.8)], HALF, 50 / 101),
    "location": (TWO, [(LEFT, 1, 0.9), (BESIDE, 1, 0.8)], HALF, 50 / 101),
    "both": (objects((RIGHT, 1), (LEFT, 2)), [(RIGHT, 1, 0.9), (BESIDE, 2, 0.8), (LEFT, 2, 0.7)], 0.75, 0.25),
    "duplicate": (TWO, [(LEFT, 1, 0.9), (LEFT, 1, 0.8), (RIGHT, 1, 0.7)], WITH_ONE_WRONG_BETWEEN, 50 / 3 / 101),
    "background": (TWO, [(LEFT, 1, 0.9), (EMPTY, 1, 0.8), (RIGHT, 1, 0.7)], WITH_ONE_WRONG_BETWEEN, 50 / 3 / 101),
    "missed": (TWO, [(LEFT, 1, 0.9)], HALF, 50 / 101),
}


@pytest.mark.parametrize("error", CASES)
def test_each_error_alone(error):
    ground_truth, found, ap, cost = CASES[error]
    result = tide(analyzed(ground_truth, detections(*found))[2], 3)
    assert result.ap50 == pytest.approx(ap)
    assert result.counts == {name: int(name == error) for name in ERRORS}
    assert result.costs == pytest.approx({name: cost if name == error else 0 for name in ERRORS})


def test_outcomes_name_the_object_they_are_about():
    found = detections((LEFT, 1, 0.9), (LEFT, 1, 0.8), (BESIDE, 1, 0.7), (RIGHT, 2, 0.6), (EMPTY, 1, 0.5))
    outcomes = analyzed(TWO, found)[2]
    names = [OUTCOMES[code] for code in outcomes.outcomes]
    assert names == ["correct", "duplicate", "location", "class", "background"]
    assert outcomes.targets.tolist() == [0, 0, 1, 1, -1]
    np.testing.assert_allclose(outcomes.overlaps, [1, 1, 1 / 3, 1, 0])
    assert outcomes.hit.tolist() == [True, False]
    assert outcomes.missed.tolist() == [False, False], "the class and location errors are about it"


def test_of_several_errors_about_an_object_only_the_best_is_corrected():
    # The class error has the higher score: correcting the location error alone takes it away and wins nothing.
    found = detections((LEFT, 1, 0.9), (RIGHT, 2, 0.8), (BESIDE, 1, 0.7))
    result = tide(analyzed(TWO, found)[2], 3)
    assert result.costs["location"] == 0
    # 1 and 2/3 of precision: the location error is left, below both.
    assert result.costs["class"] == pytest.approx(50 / 101)


def test_false_positives_and_false_negatives_as_a_whole():
    result = tide(analyzed(TWO, detections((EMPTY, 1, 0.9), (LEFT, 1, 0.8)))[2], 3)
    assert result.ap50 == pytest.approx(51 / 2 / 101)
    assert result.false_positives == pytest.approx(51 / 2 / 101)
    assert result.false_negatives == pytest.approx(0.5 - 51 / 2 / 101)


def test_a_detection_in_a_crowd_is_ignored():
    ground_truth = objects((LEFT, 1), (BELOW, 1, 1, 1))
    outcomes = analyzed(ground_truth, detections((BELOW, 1, 0.9), (LEFT, 1, 0.8)))[2]
    assert [OUTCOMES[code] for code in outcomes.outcomes] == ["ignored", "correct"]
    assert tide(outcomes, 3).ap50 == pytest.approx(1)
    assert tide(outcomes, 3).counts == dict.fromkeys(ERRORS, 0)


def test_without_any_object_there_is_no_ap():
    result = tide(analyzed(objects(), detections((LEFT, 1, 0.9)))[2], 3)
    assert np.isnan(result.ap50)
    assert result.counts["background"] == 1
