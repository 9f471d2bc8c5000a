import json
import math

import pytest

from base.analysis import AnalysisOptions, Other
from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from tests.evaluation.test_coco import evaluated, random_case
from utils.errors import UserError


@pytest.fixture(scope="module")
def evaluator():
    return evaluated(*random_case(0))


@pytest.fixture(scope="module")
def analysis(evaluator):
    half = [one for number, one in enumerate(evaluator.results()) if number % 2]
    return evaluator.analyze(AnalysisOptions(draws=50, other=Other("half", half)))


def test_the_metrics_are_those_of_training_and_the_boundary_ap(evaluator, analysis):
    metrics = evaluator.result()
    assert {name: analysis.metrics[name] for name in metrics} == pytest.approx(metrics, abs=0, nan_ok=True)
    assert 0 < analysis.metrics["boundary/AP"] < metrics["mask/AP"]
    asked = CocoEvaluator(CocoConfig(boundary=True), evaluator.ground_truth)
    asked.load_results(evaluator.results())
    assert asked.result()["boundary/AP"] == analysis.metrics["boundary/AP"]
    assert list(asked.names) == list(asked.result())


def test_every_ap_has_an_interval_around_it(analysis):
    assert len(analysis.intervals) == 3 * (6 + 3)
    for name in ("box/AP", "mask/AP50", "boundary/AP75", "mask/AP_small", "mask/AP/cat"):
        assert analysis.intervals[name].low < analysis.metrics[name] < analysis.intervals[name].high


def test_it_is_json_and_its_numbers_fit_each_other(analysis):
    found = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    assert found["errors"]["mask"]["AP50"] == pytest.approx(analysis.metrics["mask/AP50"], abs=1e-6)
    matrix = found["confusion"]["matrix"]
    assert len(matrix) == len(found["confusion"]["classes"]) == 4
    assert found["confusion"]["score"] == found["thresholds"]["all"]["threshold"]
    assert len(found["images"]) == len(analysis.images) == 24
    assert found["comparison"]["with"] == "half"
    assert found["comparison"]["metrics"]["mask/AP"]["within_chance"] is False


def test_images_come_with_attributes_to_filter_by_the_worst_first(analysis):
    qualities = [one.attributes["quality"] for one in analysis.images]
    assert qualities == sorted(qualities)
    worst = analysis.images[0]
    assert set(worst.attributes["class"]) <= {"cat", "dog", "bird"}
    assert worst.attributes["error"]
    assert f"image {worst.image_id}" in worst.caption


def test_tables_and_sentences_say_what_was_found(analysis):
    tables = analysis.tables()
    assert [len(table.head) for table in tables.values()] == [4, 5, 6, 7]
    assert all(len(row) == len(table.head) for table in tables.values() for row in table.rows)
    assert "better" in [row[-1] for row in tables["difference from half"].rows]
    assert any("costliest errors" in sentence for sentence in analysis.findings())
    assert any("mask AP differs by +" in sentence for sentence in analysis.findings())


def test_a_threshold_of_the_user_is_taken_and_no_draws_give_no_intervals(evaluator):
    found = evaluator.analyze(AnalysisOptions(score=0.9, draws=0))
    assert (found.score, found.intervals) == (0.9, {})
    assert found.confusion[:, :3].sum() == sum(one["score"] >= 0.9 for one in evaluator.results()) - ignored(found)


def ignored(analysis):
    shown = sum(len(items) for items in analysis.shown.values())
    return shown - sum(one.correct + one.wrong for one in analysis.qualities)


def test_boxes_alone_and_no_detection_at_all(evaluator):
    boxes = CocoEvaluator(CocoConfig(), evaluator.ground_truth)
    boxes.load_results([{k: v for k, v in one.items() if k != "segmentation"} for one in evaluator.results()])
    found = boxes.analyze(AnalysisOptions(draws=5))
    assert found.kind == "box"
    assert {name.split("/")[0] for name in found.metrics} == {"box"}
    nothing = CocoEvaluator(CocoConfig(), evaluator.ground_truth).analyze(AnalysisOptions(draws=5))
    assert nothing.metrics["mask/AP"] == nothing.best.f1 == 0
    assert math.isnan(nothing.calibration.error)
    json.dumps(nothing.to_dict(), allow_nan=False)


def test_results_of_other_images_cannot_be_compared(evaluator):
    other = [{"image_id": 999, "category_id": 1, "score": 1.0, "bbox": [0, 0, 5, 5]}]
    with pytest.raises(UserError, match=r"other\.json cannot be evaluated"):
        evaluator.analyze(AnalysisOptions(draws=5, other=Other("other.json", other)))
