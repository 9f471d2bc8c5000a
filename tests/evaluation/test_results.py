import json

import numpy as np
import pytest

from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from evaluation.results import complete_results, read_result_file
from tests.evaluation.coco_cases import annotation, coco_dict, rectangle
from utils.errors import UserError

BOX = (20, 30, 120, 90)
POLYGON = [[20, 30, 120, 30, 120, 90, 20, 90]]


def one_object():
    return coco_dict([annotation(1, 2, rectangle(BOX))])


def result(**changes):
    return {"image_id": 1, "category_id": 2, "score": 0.5, "bbox": [20, 30, 100, 60]} | changes


def test_polygons_and_missing_boxes_are_completed():
    given = result(segmentation=POLYGON)
    del given["bbox"]
    (one,) = complete_results([given], one_object(), "the list")
    assert one["bbox"] == [20, 30, 100, 60]
    assert one["area"] == 6000
    assert one["segmentation"] == one_object()["annotations"][0]["segmentation"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (result(image_id=5), "result 1: image_id 5 is not in the ground truth"),
        (result(image_id="1"), "image_id '1' is not"),
        (result(category_id=9), "category_id 9 is not among the ground truth's: 1, 2, 3"),
        (result(score=float("nan")), "score nan is no finite number"),
        (result(score=None), "score None"),
        (result(bbox=[1, 2, 3]), "is not x, y, width, height"),
        (result(bbox=[1, 2, -3, 4]), "has a negative size"),
        ({key: value for key, value in result().items() if key != "bbox"}, "neither bbox nor segmentation"),
        (result(segmentation={"size": [5, 5], "counts": [25]}), r"the RLE is of size \[5, 5\]"),
        (result(segmentation=POLYGON), "1 of 2 results have a mask"),
        ("text", "it is no object but str"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_that_names_the_result(given, message):
    with pytest.raises(UserError, match=message):
        complete_results([result(), given], one_object(), "found.json")


def test_the_first_faults_are_listed_and_the_others_counted():
    with pytest.raises(UserError, match=r"(?s)found.json cannot be evaluated.*result 4.*and 2 more"):
        complete_results([result(image_id=9)] * 7, one_object(), "found.json")


@pytest.mark.parametrize(("content", "message"), [("[1,", "no whole JSON"), ('{"images": []}', "holds no list")])
def test_a_file_that_is_no_list_is_an_error(tmp_path, content, message):
    (tmp_path / "found.json").write_text(content)
    with pytest.raises(UserError, match=message):
        read_result_file(tmp_path / "found.json")
    with pytest.raises(UserError, match=r"absent.json cannot be read"):
        read_result_file(tmp_path / "absent.json")


def test_an_evaluator_takes_its_own_results_and_gives_the_same_metrics():
    evaluator = CocoEvaluator(CocoConfig(boundary=True), one_object())
    evaluator.load_results([result(segmentation=POLYGON, bbox=[20, 30, 100, 50])])
    metrics = evaluator.result()
    assert list(metrics) == list(evaluator.names)
    assert [metrics[name] for name in ("mask/AP", "boundary/AP", "boundary/AP/dog", "boundary/AR_1")] == [
        pytest.approx(1)
    ] * 4
    assert metrics["box/AP"] == pytest.approx(0.7)  # an IoU of 5/6
    again = CocoEvaluator(CocoConfig(boundary=True), one_object())
    again.load_results(json.loads(json.dumps(evaluator.coco_results())))
    np.testing.assert_equal(again.result(), metrics)


def test_results_without_masks_give_metrics_of_the_boxes_alone():
    evaluator = CocoEvaluator(CocoConfig(boundary=True), one_object())
    evaluator.load_results([result()])
    metrics = evaluator.result()
    assert metrics["box/AP"] == 1
    assert list(metrics) == list(evaluator.names)
    assert all(name.startswith("box/") for name in metrics)
