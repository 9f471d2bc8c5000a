import numpy as np
import pytest

from evaluation.bootstrap import compare, draw_images, interval, sample_metrics
from tests.evaluation.analysis_cases import EMPTY, LEFT, RIGHT, analyzed, detections, objects

NAMES = ("cat", "dog", "bird")


def samples(ground_truth, results, weights):
    return sample_metrics({"box": analyzed(ground_truth, results)[1]}, NAMES, weights)


def test_every_draw_gives_the_ap_of_its_images():
    ground_truth = objects((LEFT, 1), (LEFT, 1, 2), images=(1, 2))
    found = samples(ground_truth, detections((LEFT, 1, 0.9)), np.array([[2, 1, 0], [0, 1, 2]]))
    np.testing.assert_allclose(found["box/AP"], [1, 51 / 101, 0])
    np.testing.assert_allclose(found["box/AP_medium"], [1, 51 / 101, 0])
    np.testing.assert_allclose(found["box/AP/cat"], [1, 51 / 101, 0])
    assert np.isnan(found["box/AP_small"]).all()
    assert np.isnan(found["box/AP/dog"]).all()


def test_a_class_that_a_draw_lacks_does_not_enter_its_mean():
    ground_truth = objects((LEFT, 1), (LEFT, 2, 2), images=(1, 2))
    found = samples(ground_truth, detections((LEFT, 1, 0.9)), np.array([[1, 2, 0], [1, 0, 2]]))
    np.testing.assert_allclose(found["box/AP"], [0.5, 1, 0])
    np.testing.assert_allclose(found["box/AP/dog"], [0, np.nan, 0])


def test_draws_follow_the_seed_and_fewer_are_the_first_of_more():
    many = draw_images(50, 20, seed=3)
    assert (many.sum(0) == 50).all()
    np.testing.assert_array_equal(many[:, :5], draw_images(50, 5, seed=3))
    assert (many != draw_images(50, 20, seed=4)).any()


def test_the_interval_holds_the_middle_of_the_values():
    found = interval(np.append(np.arange(1001.0), np.nan))
    assert (found.low, found.high) == pytest.approx((25, 975))
    assert np.isnan(interval(np.full(5, np.nan)).low)


def test_the_interval_narrows_with_the_images():
    widths = []
    for count in (20, 320):
        images = tuple(range(1, count + 1))
        ground_truth = objects(*((LEFT, 1, image) for image in images), images=images)
        found = detections(*((LEFT, 1, 0.9, image) for image in images[::2]))
        span = interval(samples(ground_truth, found, draw_images(count, 300, 0))["box/AP50"])
        assert span.low < 0.5 < span.high
        widths.append(span.high - span.low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.35)


def pair_of_runs():
    """Twenty images; the second run finds one object less in every image, and so surely is worse."""
    images = tuple(range(1, 21))
    ground_truth = objects(*((box, 1, image) for image in images for box in (LEFT, RIGHT)), images=images)
    good = detections(*((box, 1, 0.9, image) for image in images for box in (LEFT, RIGHT)))
    return ground_truth, good, good[::2], draw_images(20, 200, 0)


def test_a_difference_in_every_image_is_not_within_chance():
    ground_truth, good, bad, weights = pair_of_runs()
    runs = [samples(ground_truth, found, weights) for found in (good, bad)]
    values = [{name: float(value[0]) for name, value in one.items()} for one in runs]
    found = compare(*values, *runs)["box/AP"]
    assert found.difference == pytest.approx(50 / 101)
    assert (found.interval.low, found.interval.high) == pytest.approx((50 / 101, 50 / 101))
    assert found.within_chance is False


def test_equal_runs_and_a_difference_in_one_image_of_many_are_within_chance():
    ground_truth, good, _, weights = pair_of_runs()
    for other in (good, [*good, *detections((EMPTY, 1, 0.95, 3))]):
        runs = [samples(ground_truth, found, weights) for found in (good, other)]
        values = [{"box/AP": float(one["box/AP"][0]), "box/AP/dog": float("nan")} for one in runs]
        found = compare(*values, *runs)
        assert found["box/AP"].within_chance is True
        assert found["box/AP/dog"].within_chance is None
