import contextlib
import io
import json
import math

import numpy as np
import pytest
from pycocotools import mask as reference_rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from evaluation.coco import CocoEvaluator
from evaluation.config import CocoConfig
from tests.evaluation.coco_cases import HEIGHT, SIDE, WIDTH, annotation, batch, coco_dict, predictions, rectangle


def ellipse(box, height=HEIGHT, width=WIDTH):
    x0, y0, x1, y1 = box
    y, x = np.mgrid[0:height, 0:width] + 0.5
    inside = ((x - (x0 + x1) / 2) / ((x1 - x0) / 2)) ** 2 + ((y - (y0 + y1) / 2) / ((y1 - y0) / 2)) ** 2 <= 1
    return inside.astype(np.uint8)


def random_case(seed):
    """Ellipses in 24 images (one is empty, the class bird is rare) and detections as a mediocre model gives them."""
    rng = np.random.default_rng(seed)
    images = tuple(range(10, 34))
    annotations, found = [], {image: ([], [], []) for image in images}
    for image in images[:-1]:
        for _ in range(rng.integers(1, 6)):
            size = rng.choice([12.0, 50.0, 130.0]) * rng.uniform(0.7, 1.3, 2)
            corner = rng.uniform(0, np.maximum([WIDTH, HEIGHT] - size, 1))
            box = np.concatenate([corner, np.minimum(corner + size, [WIDTH, HEIGHT])])
            label, crowd = int(rng.choice([1, 2, 3], p=[0.5, 0.45, 0.05])), int(rng.random() < 0.12)
            annotations.append(annotation(image, label, ellipse(box), crowd))
            for _ in range(rng.choice([0, 1, 2, 4], p=[0.15, 0.6, 0.15, 0.1])):
                shift = rng.normal(0, 0.06, 4) * np.tile(size, 2)
                found[image][0].append(box + shift)
                found[image][1].append(label if rng.random() > 0.1 else 3 - min(label, 2))
                found[image][2].append(round(rng.uniform(0.05, 1), 2))  # rounded: equal scores must not differ
        found[image][0].append([5, 5, 40, 60])  # nothing there, mostly
        found[image][1].append(2)
        found[image][2].append(rng.uniform(0.05, 0.6))
    return coco_dict(annotations, images), found


def evaluated(ground_truth, found, **settings):
    evaluator = CocoEvaluator(CocoConfig(**settings), ground_truth)
    blob = ellipse((0, 0, SIDE, SIDE), SIDE, SIDE)
    for image, (boxes, classes, scores) in found.items():
        order = np.argsort(-np.array(scores), kind="stable")
        pick = [[values[i] for i in order] for values in (boxes, classes, scores)]
        evaluator.update(batch((image,)), predictions(*pick, masks=np.tile(blob, (len(order), 1, 1))))
    return evaluator


def reference_figures(ground_truth, results, iou_type):
    """pycocotools used as its authors use it: a JSON file, loadRes, summarize."""
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = json.loads(json.dumps(ground_truth))
        for index, one in enumerate(gt.dataset["annotations"], start=1):
            one["id"] = index
        gt.createIndex()
        if iou_type == "segm":
            results = [{key: value for key, value in one.items() if key != "bbox"} for one in results]
        evaluation = COCOeval(gt, gt.loadRes(json.loads(json.dumps(results))), iou_type)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    names = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large")
    names += ("AR_1", "AR_10", "AR_100", "AR_small", "AR_medium", "AR_large")
    return dict(zip(names, evaluation.stats, strict=True))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_figures_equal_those_of_pycocotools(seed):
    ground_truth, found = random_case(seed)
    fast = evaluated(ground_truth, found, fast=True)
    metrics = fast.result()
    slow = evaluated(ground_truth, found, fast=False).result()
    assert len(metrics) == 2 * 12 + 2 * 3
    assert list(metrics) == list(slow)
    for name, value in metrics.items():
        np.testing.assert_allclose(value, slow[name], atol=1e-9, err_msg=name)
    for kind, iou_type in (("box", "bbox"), ("mask", "segm")):
        for name, value in reference_figures(ground_truth, fast.coco_results(), iou_type).items():
            np.testing.assert_allclose(metrics[f"{kind}/{name}"], value, atol=1e-9, err_msg=name)
    # Neither perfect nor nothing: otherwise equality would say little.
    assert 0.2 < metrics["mask/AP"] < 0.9
    assert metrics["mask/AP"] != metrics["box/AP"]
    assert any(one["iscrowd"] for one in ground_truth["annotations"])


def exact_case(width):
    """One object of 100×60 px and a detection of `width`/100 of it: an IoU of width/100."""
    box = (20, 30, 120, 90)
    evaluator = CocoEvaluator(CocoConfig(), coco_dict([annotation(1, 2, rectangle(box))]))
    evaluator.update(batch(), predictions([(20, 30, 20 + width, 90)], [2], [0.9]))
    return evaluator


@pytest.mark.parametrize(("width", "expected"), [(100, 1.0), (62, 0.3), (76, 0.6), (49, 0.0)])
def test_the_ap_of_one_detection_is_the_share_of_thresholds_its_iou_reaches(width, expected):
    metrics = exact_case(width).result()
    for name in ("box/AP", "box/AR_1", "box/AR_100", "box/AP_medium", "box/AP/dog"):
        assert metrics[name] == pytest.approx(expected, abs=1e-9), name
    assert metrics["box/AP50"] == float(width >= 50)
    assert metrics["box/AP75"] == float(width >= 75)


def test_sizes_and_classes_without_ground_truth_are_nan():
    metrics = exact_case(100).result()
    undefined = {name for name, value in metrics.items() if math.isnan(value)}
    by_size = {f"{kind}/{x}_{size}" for kind in ("box", "mask") for x in ("AP", "AR") for size in ("small", "large")}
    by_class = {f"{kind}/AP/{name}" for kind in ("box", "mask") for name in ("cat", "bird")}
    assert undefined == by_size | by_class


def test_a_good_mask_in_a_shifted_box_counts_for_its_pixels():
    # The left half of the mask is on: pasted into a box twice as wide it covers the object, the box does not.
    box = (20, 30, 120, 90)
    evaluator = CocoEvaluator(CocoConfig(), coco_dict([annotation(1, 1, rectangle(box))]))
    half = np.zeros((1, SIDE, SIDE))
    half[..., : SIDE // 2] = 1
    evaluator.update(batch(), predictions([(20, 30, 220, 90)], [1], [0.9], masks=half))
    metrics = evaluator.result()
    assert metrics["box/AP"] == pytest.approx(0.1)  # an IoU of exactly 0.5
    assert metrics["mask/AP"] >= 0.9


@pytest.mark.parametrize(("threshold", "expected"), [(0.3, 1.0), (0.5, 0.0)])
def test_a_pixel_belongs_to_a_mask_from_the_threshold_of_the_config_on(threshold, expected):
    box = (20, 30, 120, 130)
    evaluator = CocoEvaluator(CocoConfig(mask_threshold=threshold), coco_dict([annotation(1, 1, rectangle(box))]))
    evaluator.update(batch(), predictions([box], [1], [0.9], masks=np.full((1, SIDE, SIDE), 0.4)))
    assert evaluator.result()["mask/AP75"] == expected


def test_boxes_are_scaled_to_the_original_image():
    box = (20, 30, 120, 90)
    evaluator = CocoEvaluator(CocoConfig(), coco_dict([annotation(1, 1, rectangle(box))]))
    small = np.array(box) / (4, 2, 4, 2)
    evaluator.update(batch(scale=(4.0, 2.0)), predictions([small], [1], [0.9]))
    assert evaluator.coco_results()[0]["bbox"] == [20.0, 30.0, 100.0, 60.0]
    assert evaluator.result()["box/AP"] == 1.0


def test_padding_changes_nothing():
    box = (20, 30, 120, 90)
    ground_truth = coco_dict([annotation(1, 1, rectangle(box))])
    plain, padded = (CocoEvaluator(CocoConfig(), ground_truth) for _ in range(2))
    plain.update(batch(), predictions([box], [1], [0.9]))
    rows = predictions([box, (0, 0, 0, 0)], [1, 0], [0.9, 0.0])
    # The image that fills up the batch repeats the first and is not valid.
    both = {key: np.concatenate([value, value]) for key, value in rows.items()}
    padded.update(batch((1, 1), valid=[True, False]), both)
    assert padded.coco_results() == plain.coco_results()


def test_a_detection_in_a_crowd_is_neither_right_nor_wrong():
    box, crowd = (20, 30, 120, 90), (130, 10, 230, 170)
    ground_truth = coco_dict([annotation(1, 1, rectangle(box)), annotation(1, 1, rectangle(crowd), crowd=1)])
    evaluator = CocoEvaluator(CocoConfig(), ground_truth)
    inside = (140, 20, 200, 80)
    evaluator.update(batch(), predictions([inside, box], [1, 1], [0.99, 0.5]))
    assert evaluator.result()["box/AP"] == 1.0
    ground_truth["annotations"].pop()
    evaluator = CocoEvaluator(CocoConfig(), ground_truth)
    evaluator.update(batch(), predictions([inside, box], [1, 1], [0.99, 0.5]))
    assert evaluator.result()["box/AP"] == pytest.approx(0.5)


@pytest.mark.parametrize("fast", [True, False])
def test_no_detection_at_all_gives_zero(fast):
    evaluator = CocoEvaluator(CocoConfig(fast=fast), coco_dict([annotation(1, 1, rectangle((20, 30, 120, 90)))]))
    evaluator.update(batch(), predictions([(0, 0, 0, 0)], [0], [0.0]))
    metrics = evaluator.result()
    assert {metrics[name] for name in ("box/AP", "mask/AP50", "mask/AP/cat", "box/AR_100", "mask/AP_medium")} == {0.0}
    assert evaluator.coco_results() == []


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("images", [(1,), ()])
def test_an_empty_ground_truth_gives_nan_for_the_same_names(fast, images):
    evaluator = CocoEvaluator(CocoConfig(fast=fast), coco_dict([], images))
    if images:
        evaluator.update(batch(), predictions([(20, 30, 120, 90)], [1], [0.9]))
    metrics = evaluator.result()
    assert list(metrics) == list(exact_case(100).result())
    assert all(math.isnan(value) for value in metrics.values())


def test_an_image_that_was_never_shown_is_missed():
    box = (20, 30, 120, 90)
    annotations = [annotation(image, 1, rectangle(box)) for image in (1, 2)]
    evaluator = CocoEvaluator(CocoConfig(), coco_dict(annotations, (1, 2)))
    evaluator.update(batch(), predictions([box], [1], [0.9]))
    assert evaluator.result()["box/AR_100"] == 0.5


def test_reset_forgets_and_result_can_be_asked_twice():
    evaluator = exact_case(100)
    first = evaluator.result()
    np.testing.assert_equal(evaluator.result(), first)
    evaluator.reset()
    assert evaluator.coco_results() == []
    assert evaluator.result()["box/AP"] == 0.0
    evaluator.update(batch(), predictions([(20, 30, 120, 90)], [2], [0.9]))
    np.testing.assert_equal(evaluator.result(), first)


def test_category_ids_need_neither_be_dense_nor_sorted():
    box = (20, 30, 120, 90)
    ground_truth = coco_dict([annotation(1, 7, rectangle(box))])
    ground_truth["categories"] = [{"id": 90, "name": "zebra"}, {"id": 7, "name": "cat"}]
    evaluator = CocoEvaluator(CocoConfig(), ground_truth)
    evaluator.update(batch(), predictions([box], [2], [0.9]))
    metrics = evaluator.result()
    assert evaluator.coco_results()[0]["category_id"] == 7
    assert metrics["box/AP/cat"] == 1.0
    assert math.isnan(metrics["box/AP/zebra"])


def test_limits_and_per_class_follow_the_config():
    ground_truth, found = random_case(0)
    metrics = evaluated(ground_truth, found, per_class=False, max_detections=(2, 5)).result()
    assert "box/AR_2" in metrics
    assert "box/AR_100" not in metrics
    assert not [name for name in metrics if name.startswith("box/AP/")]
    assert metrics["box/AR_2"] <= metrics["box/AR_5"] <= evaluated(ground_truth, found).result()["box/AR_100"]


def test_results_survive_json_and_their_masks_decode_to_the_pasted_pixels():
    one = json.loads(json.dumps(exact_case(100).coco_results()))[0]
    assert set(one) == {"image_id", "category_id", "bbox", "score", "segmentation"}
    assert one["score"] == 0.9
    decoded = reference_rle.decode(one["segmentation"])
    assert decoded.shape == (HEIGHT, WIDTH)
    overlap = np.logical_and(decoded, rectangle((20, 30, 120, 90))).sum()
    assert overlap / decoded.sum() > 0.95


def test_nothing_is_printed_and_the_ground_truth_stays_as_it_was(capfd):
    ground_truth, found = random_case(3)
    before = json.dumps(ground_truth)
    for fast in (True, False):
        evaluated(ground_truth, found, fast=fast).result()
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert json.dumps(ground_truth) == before


@pytest.mark.parametrize("section", [{}, {"per_class": False}, {"max_detections": (1, 5)}])
def test_the_names_are_known_before_anything_is_measured(section):
    evaluator = CocoEvaluator(CocoConfig(**section), coco_dict([annotation(1, 1, rectangle((20, 30, 120, 90)))]))
    assert list(evaluator.names) == list(evaluator.result())
