"""The own matching and averaging against faster-coco-eval and pycocotools, and the published boundary AP."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools import mask as reference_rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from base import rle
from evaluation.average_precision import SUMMARY, accumulate, weighted_precision
from evaluation.coco_curves import evaluate
from evaluation.matching import match
from evaluation.objects import pair_objects
from tests.evaluation.coco_cases import annotation, coco_dict, rectangle
from tests.evaluation.test_boundary import published
from tests.evaluation.test_coco import evaluated, random_case

LIMITS = (1, 10, 100)


def random_results(seed):
    ground_truth, found = random_case(seed)
    ground_truth["categories"] = [{**one, "id": 90 - one["id"]} for one in ground_truth["categories"]]
    for one in ground_truth["annotations"]:
        one["category_id"] = 90 - one["category_id"]
    return ground_truth, evaluated(ground_truth, found)._detections


def matches_of(ground_truth, results, kind, limit=100):
    return match(pair_objects(ground_truth, results, [kind], limit), kind)


@pytest.mark.parametrize("kind", ["box", "mask"])
@pytest.mark.parametrize("seed", [0, 1])
def test_curves_equal_those_of_both_libraries(seed, kind):
    ground_truth, results = random_results(seed)
    curves = accumulate(matches_of(ground_truth, results, kind), LIMITS)
    for fast in (True, False):
        reference = evaluate(ground_truth, results, kind, LIMITS, fast)
        np.testing.assert_allclose(curves.precision, reference.precision, atol=1e-12)
        np.testing.assert_allclose(curves.recall, reference.recall, atol=1e-12)
    assert 0.1 < curves.average_precision() < 0.9


def test_a_limit_leaves_out_what_is_beyond_it_in_each_class():
    ground_truth, results = random_results(2)
    curves = accumulate(matches_of(ground_truth, results, "box", limit=2), (2,))
    reference = evaluate(ground_truth, results, "box", (2,), fast=True)
    np.testing.assert_allclose(curves.precision, reference.precision, atol=1e-12)


class BoundaryEval(COCOeval):
    """COCOeval as boundary_iou_api changes it."""

    def computeIoU(self, imgId, catId):
        ious = super().computeIoU(imgId, catId)
        if not len(ious):
            return ious
        gt, dt = self._gts[imgId, catId], sorted(self._dts[imgId, catId], key=lambda one: -one["score"])
        crowd = [int(one["iscrowd"]) for one in gt]
        edges = [[self.boundary(one) for one in side] for side in (dt, gt)]
        regular = np.array(crowd) == 0
        ious[:, regular] = np.minimum(ious, reference_rle.iou(*edges, crowd))[:, regular]
        return ious

    @staticmethod
    def boundary(one):
        return reference_rle.encode(np.asfortranarray(published(reference_rle.decode(one["segmentation"]))))


@pytest.mark.parametrize("seed", [0, 1])
def test_boundary_ap_equals_the_published_implementation(seed):
    ground_truth, results = random_results(seed)
    sides = COCO(), COCO()
    with contextlib.redirect_stdout(io.StringIO()):
        for side, annotations in zip(sides, (ground_truth["annotations"], results), strict=True):
            numbered = [{"iscrowd": 0, **one, "id": i} for i, one in enumerate(annotations, 1)]
            side.dataset = {**ground_truth, "annotations": numbered}
            side.createIndex()
        reference = BoundaryEval(*sides, "segm")
        reference.evaluate()
        reference.accumulate()
    curves = accumulate(matches_of(ground_truth, results, "boundary"), LIMITS)
    order = np.argsort(np.argsort([one["id"] for one in ground_truth["categories"]]))
    np.testing.assert_allclose(curves.precision, reference.eval["precision"][:, :, order], atol=1e-12)
    masks = accumulate(matches_of(ground_truth, results, "mask"), LIMITS)
    assert 0 < curves.average_precision() < masks.average_precision()


def test_a_detection_takes_the_free_object_of_the_highest_iou_and_a_crowd_is_never_used_up():
    objects = [(10, 10, 50, 50), (14, 10, 54, 50), (100, 100, 200, 170)]
    annotations = [annotation(1, 1, rectangle(box), crowd) for box, crowd in zip(objects, (0, 0, 1), strict=True)]
    found = [(14, 10, 54, 50), (14, 10, 54, 50), (14, 10, 54, 50), (110, 110, 120, 120), (130, 110, 150, 120)]
    matches = matches_of(coco_dict(annotations), results_of(found, [0.9, 0.8, 0.7, 0.6, 0.5]), "box")
    # 36 of 44 px: the first object has an IoU of 0.818 with what the second one is.
    assert matches.targets[0].tolist() == [1, 0, -1, 2, 2]
    assert matches.correct[0, 0].tolist() == [True, True, False, False, False]
    assert matches.counted[0, 0].tolist() == [True, True, True, False, False]
    assert matches.targets[7].tolist() == [1, -1, -1, 2, 2]  # at 0.85
    assert matches.objects[0].tolist() == [[2, 0, 0]]


def results_of(boxes, scores, categories=None, image_id=1):
    results = []
    for index, (box, score) in enumerate(zip(boxes, scores, strict=True)):
        mask = rle.encode(rectangle(box))
        category = categories[index] if categories else 1
        xywh = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
        results.append(
            {"image_id": image_id, "category_id": category, "score": score, "bbox": xywh, "segmentation": mask}
        )
    return results


def test_weights_of_one_give_the_summary_and_a_weight_of_n_is_the_image_n_times():
    ground_truth, results = random_results(0)
    matches = matches_of(ground_truth, results, "mask")
    rng = np.random.default_rng(3)
    images = sorted(image["id"] for image in ground_truth["images"])
    weights = np.stack([np.ones(len(images), int), rng.multinomial(len(images), np.ones(len(images)) / len(images))], 1)
    found = np.nanmean(weighted_precision(matches, weights), 1)
    copied = copies(ground_truth, results, dict(zip(images, weights[:, 1].tolist(), strict=True)))
    for column, (truth, detections) in enumerate([(ground_truth, results), copied]):
        curves = accumulate(matches_of(truth, detections, "mask"), LIMITS)
        sizes = [curves.average_precision(size) for size in ("small", "medium", "large")]
        at = [curves.average_precision(threshold=threshold) for threshold in (None, 0, 5)]
        np.testing.assert_allclose(found[:, column], [*at, *sizes], atol=1e-12)
    assert len(SUMMARY) == 6


def copies(ground_truth, results, times):
    """Every image as often as it is drawn, its copies beside each other; scores that are equal nowhere else."""
    images, annotations, detections = [], [], []
    for image in ground_truth["images"]:
        for number in range(times[image["id"]]):
            new = image["id"] * 100 + number
            images.append({**image, "id": new})
            for old, kept in ((ground_truth["annotations"], annotations), (results, detections)):
                kept += [{**one, "image_id": new} for one in old if one["image_id"] == image["id"]]
    return {**ground_truth, "images": images, "annotations": annotations}, detections
