import numpy as np
import pytest
from pydantic import ValidationError

from trainers.evaluators.coco import CocoEvaluator
from trainers.evaluators.config import CocoConfig


def truth():
    return {
        "images": [{"id": image, "height": 180, "width": 240} for image in (1, 2)],
        "categories": [{"id": i, "name": name} for i, name in enumerate(("cat", "dog", "bird"), start=1)],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [20.0, 30.0, 100.0, 60.0],
                "area": 6000.0,
                "segmentation": [[20, 30, 120, 30, 120, 90, 20, 90]],
            }
        ],
    }


def batch():
    return {
        "image_id": np.array([1], np.int64),
        "original_size": np.array([[180, 240]], np.int32),
        "scale_to_original": np.ones((1, 2), np.float32),
        "valid": np.array([True]),
    }


def predictions():
    return {
        "boxes": np.array([[[20, 30, 120, 90]]], np.float32),
        "classes": np.array([[1]], np.int32),
        "scores": np.array([[0.9]], np.float32),
        "masks": np.ones((1, 1, 28, 28), np.float32),
    }


@pytest.mark.parametrize(
    ("in_batch", "in_predictions", "message"),
    [
        ({"image_id": np.array([5])}, {}, "image_id 5 is not in the ground truth"),
        ({"original_size": np.array([[10, 20]])}, {}, r"original_size \(10, 20\).*\(180, 240\)"),
        ({}, {"classes": np.array([[4]])}, "class 4: the data has 1…3"),
        ({}, {"scores": np.array([[np.nan]])}, "image_id 1 has a box or score that is not finite"),
        ({}, {"boxes": np.full((1, 1, 4), np.inf)}, "not finite"),
    ],
)
def test_what_cannot_be_right_is_an_error_that_names_the_picture(in_batch, in_predictions, message):
    with pytest.raises(ValueError, match=message):
        CocoEvaluator(CocoConfig(), truth()).update(batch() | in_batch, predictions() | in_predictions)


def test_a_picture_that_comes_twice_is_an_error():
    evaluator = CocoEvaluator(CocoConfig(), truth())
    evaluator.update(batch(), predictions())
    with pytest.raises(ValueError, match="image_id 1 came twice"):
        evaluator.update(batch(), predictions())


def test_missing_masks_are_an_error():
    shown = predictions()
    del shown["masks"]
    with pytest.raises(ValueError, match="masks"):
        CocoEvaluator(CocoConfig(), truth()).update(batch(), shown)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda gt: gt.pop("categories"), "lacks \\['categories'\\]"),
        (lambda gt: gt["categories"][1].update(name="cat"), "one name"),
        (lambda gt: gt["annotations"][0].update(image_id=8), "picture 8"),
        (lambda gt: gt["annotations"][0].pop("area"), "lacks \\['area'\\]"),
    ],
)
def test_a_ground_truth_that_is_none_is_an_error(change, message):
    ground_truth = truth()
    change(ground_truth)
    with pytest.raises(ValueError, match=message):
        CocoEvaluator(CocoConfig(), ground_truth)


@pytest.mark.parametrize("limits", [(), (10, 1), (1, 1), (0, 10)])
def test_limits_must_be_positive_and_ascending(limits):
    with pytest.raises(ValidationError):
        CocoConfig(max_detections=limits)


def test_polygons_are_taken_as_well():
    evaluator = CocoEvaluator(CocoConfig(), truth())
    evaluator.update(batch(), predictions())
    assert evaluator.result()["mask/AP50"] == 1.0
