"""What is behind the metrics of labels: intervals, confusions, the worst images, another run."""

import json

import numpy as np
import pytest

from base.analysis import AnalysisOptions, Other
from base.batch import IGNORE
from evaluation.label_quality import label_quality, mistakes
from evaluation.pixel_counts import count_pixels
from tests.evaluation.label_cases import NAMES, batches, random_labels, truth_of
from tests.evaluation.test_mean_iou import evaluator, measured


def evaluated(truth, found, **config):
    one = evaluator(truth, **config)
    for batch, predictions in batches(found, 3):
        one.update(batch, predictions)
    return one


def worse(truth, found):
    """Every third pixel is taken for dog."""
    return [np.where(np.arange(labels.size).reshape(labels.shape) % 3, labels, 2).astype(np.uint8) for labels in found]


@pytest.fixture(scope="module")
def case():
    return random_labels(1)


@pytest.fixture(scope="module")
def analysis(case):
    truth, found = case
    other = evaluated(truth, worse(*case)).results()
    return evaluated(truth, found).analyze(AnalysisOptions(draws=60, other=Other("blotted", other)))


def test_the_metrics_are_those_of_a_validation_with_all_there_are(case, analysis):
    np.testing.assert_equal(dict(analysis.metrics), measured(*case))
    lean = evaluated(*case, boundary=False, per_class=False).analyze(AnalysisOptions(draws=0))
    np.testing.assert_equal(dict(lean.metrics), measured(*case))
    assert lean.intervals == {} and lean.differences == {}


def test_the_confusion_is_that_of_all_pixels(case, analysis):
    truth, found = (np.concatenate([labels.reshape(-1) for labels in one]) for one in case)
    expected = np.zeros((5, 5), int)
    np.add.at(expected, (truth[truth != IGNORE], found[truth != IGNORE]), 1)
    np.testing.assert_array_equal(analysis.confusion, expected)


def test_an_interval_is_of_resampled_images(case, analysis):
    truth, found = case
    for name in ("mIoU", "boundary_mIoU", "IoU/cat", "accuracy/dog"):
        span = analysis.intervals[name]
        assert span.low < analysis.metrics[name] < span.high
    weights = np.array([2, 0, 0, 1, 0, 0, 0])
    twice = [truth[0], truth[0], truth[3]], [found[0], found[0], found[3]]
    np.testing.assert_equal(analysis.split.metrics(weights), measured(*twice))


def test_another_run_is_compared_on_the_same_draws(analysis):
    one = analysis.differences["mIoU"]
    assert one.difference > 0.1 and one.within_chance is False
    assert one.other == pytest.approx(one.value - one.difference)
    table = analysis.tables()["difference from blotted"]
    assert {row[0]: row[-1] for row in table.rows}["mIoU"] == "better"
    assert any(sentence.startswith("mIoU differs by +") for sentence in analysis.findings())


def test_mistakes_are_in_the_order_of_their_pixels():
    confusion = np.array([[10, 3, 0], [0, 5, 5], [4, 0, 0]])
    assert mistakes(confusion) == [(1, 2, 5, 0.5), (2, 0, 4, 1.0), (0, 1, 3, 3 / 13)]
    assert mistakes(np.diag([3, 4, 0])) == []


def test_the_quality_of_an_image_by_hand():
    truth, found = np.array([[0, 0, 1, 255]], np.uint8), np.array([[0, 1, 1, 2]], np.uint8)
    one = label_quality(7, count_pixels(truth, found, 3), ("background", "cat", "dog"), background=True)
    assert (one.image_id, one.quality, one.accuracy) == (7, 0.5, 2 / 3)
    assert one.classes == ("cat",) and one.errors == ("background as cat",)
    assert one.analyzed().caption == "image 7: mIoU 0.50, 66.7% of the pixels right\nbackground as cat"
    ignored = label_quality(8, count_pixels(np.full_like(truth, IGNORE), found, 3), ("background", "a", "b"), True)
    assert (ignored.quality, ignored.accuracy, ignored.classes, ignored.errors) == (1, 1, (), ())


def test_images_are_sorted_the_worst_first(case, analysis):
    qualities = [one.attributes["quality"] for one in analysis.images]
    assert qualities == sorted(qualities) and len(qualities) == 7
    assert analysis.images[-1].image_id == 7  # of which all is ignored
    worst = analysis.images[0]
    alone = measured([case[0][worst.image_id - 1]], [case[1][worst.image_id - 1]])
    assert worst.attributes["quality"] == alone["mIoU"]
    assert "cat as background" in worst.attributes["error"] and "fish" in worst.attributes["class"]


def test_it_is_json_and_its_tables_fit(analysis):
    found = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    assert found["confusion"]["classes"] == ["background", *NAMES]
    assert np.array(found["confusion"]["matrix"]).sum() == analysis.confusion.sum()
    assert found["comparison"]["with"] == "blotted" and len(found["images"]) == 7
    assert found["intervals"].keys() == analysis.metrics.keys()
    tables = analysis.tables()
    assert all(len(row) == len(table.head) for table in tables.values() for row in table.rows)
    first = tables["most frequent confusions"].rows[0]
    ((true, guess),) = np.argwhere(analysis.confusion == first[1])
    assert first[0] == f"{('background', *NAMES)[true]} as {('background', *NAMES)[guess]}"
    assert first[2] == pytest.approx(first[1] / analysis.confusion[true].sum())


def test_a_perfect_prediction_has_nothing_to_say_but_its_classes():
    truth = [np.where(labels == IGNORE, 0, labels) for labels in random_labels()[0]]
    found = evaluated(truth, truth).analyze(AnalysisOptions(draws=5))
    assert "most frequent confusions" not in found.tables()
    assert found.findings() == ["The lowest IoU is that of background: 1.000."]
    nothing = evaluator(truth).analyze(AnalysisOptions(draws=5))
    assert nothing.images == [] and np.isnan(nothing.metrics["mIoU"])
    json.dumps(nothing.to_dict(), allow_nan=False)


def test_images_of_predictions_are_those_that_were_predicted(case, analysis):
    for image_id, labels in enumerate(case[1], 1):
        np.testing.assert_array_equal(analysis.split.found(image_id).labels, labels)
        np.testing.assert_array_equal(analysis.split.wanted(image_id).labels, truth_of(case[0]).labels(image_id))
