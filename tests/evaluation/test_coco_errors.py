import numpy as np
import pytest
from pydantic import ValidationError

from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from tests.evaluation.coco_cases import annotation, batch, coco_dict, predictions, rectangle

BOX = (20, 30, 120, 90)


def one_object():
    return coco_dict([annotation(1, 1, rectangle(BOX))], images=(1, 2))


def found():
    return predictions([BOX], [1], [0.9])


@pytest.mark.parametrize(
    ("in_batch", "in_predictions", "message"),
    [
        ({"image_id": np.array([5])}, {}, "image_id 5 is not in the ground truth"),
        ({"original_size": np.array([[10, 20]])}, {}, r"original_size \(10, 20\).*\(180, 240\)"),
        ({}, {"classes": np.array([[4]])}, r"image_id 1: the classes are \[4\]; there are 1…3"),
        ({}, {"scores": np.array([[np.nan]])}, "image_id 1: a box or score is not finite"),
        ({}, {"boxes": np.full((1, 1, 4), np.inf)}, "not finite"),
    ],
)
def test_what_cannot_be_right_is_an_error_that_names_the_image(in_batch, in_predictions, message):
    with pytest.raises(ValueError, match=message):
        CocoEvaluator(CocoConfig(), one_object()).update(batch() | in_batch, found() | in_predictions)


def test_an_image_that_comes_twice_is_an_error():
    evaluator = CocoEvaluator(CocoConfig(), one_object())
    evaluator.update(batch(), found())
    with pytest.raises(ValueError, match="image_id 1 came twice"):
        evaluator.update(batch(), found())


def test_missing_masks_are_an_error():
    shown = found()
    del shown["masks"]
    with pytest.raises(ValueError, match="masks"):
        CocoEvaluator(CocoConfig(), one_object()).update(batch(), shown)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda gt: gt.pop("categories"), "lacks \\['categories'\\]"),
        (lambda gt: gt["categories"][1].update(name="cat"), "one name"),
        (lambda gt: gt["annotations"][0].update(image_id=8), "image 8"),
        (lambda gt: gt["annotations"][0].pop("area"), "lacks \\['area'\\]"),
    ],
)
def test_a_ground_truth_that_is_none_is_an_error(change, message):
    ground_truth = one_object()
    change(ground_truth)
    with pytest.raises(ValueError, match=message):
        CocoEvaluator(CocoConfig(), ground_truth)


@pytest.mark.parametrize("limits", [(), (10, 1), (1, 1), (0, 10)])
def test_limits_must_be_positive_and_ascending(limits):
    with pytest.raises(ValidationError):
        CocoConfig(max_detections=limits)


def test_polygons_are_taken_as_well():
    ground_truth = one_object()
    ground_truth["annotations"][0]["segmentation"] = [[20, 30, 120, 30, 120, 90, 20, 90]]
    evaluator = CocoEvaluator(CocoConfig(), ground_truth)
    evaluator.update(batch(), found())
    assert evaluator.result()["mask/AP50"] == 1.0
