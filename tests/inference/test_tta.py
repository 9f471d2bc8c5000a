"""Several views of a window as one result, worked out by hand."""

import numpy as np
import pytest

from base import rle
from base.letterbox import Letterbox
from base.view import View
from inference.detections import detections_of
from inference.paste import paste_mask
from inference.tta import Tta, fuse_views
from tasks.instance import InstanceTask
from tests.inference.exact_task import SPEC

SIZE = (40, 60)
M = 28


def test_the_views_of_a_window():
    window = (5, 0, 45, 30)
    assert Tta().views(window) == [View(window), View(window, flip_x=True)]
    all_of_them = Tta(flip_y=True, scales=(0.5, 0.75)).views(window)
    assert len(all_of_them) == len(set(all_of_them)) == 12 and all_of_them[0] == View(window)
    assert {(view.flip_x, view.flip_y, view.factor) for view in all_of_them} >= {(True, True, 0.75), (False, True, 1.0)}


@pytest.mark.parametrize("wrong", [{"scales": (1.25,)}, {"scales": (0,)}, {"threshold": 0}])
def test_settings_out_of_range_are_errors(wrong):
    with pytest.raises(ValueError, match="Tta received"):
        Tta(**wrong)


def test_a_view_shows_the_window_mirrored_and_smaller():
    image = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    sample = View((10, 5, 50, 35), flip_x=True, flip_y=True).sample(image, (30, 40))
    np.testing.assert_array_equal(sample["images"], image[5:35, 10:50][::-1, ::-1])
    small = View((10, 5, 50, 35), factor=0.5).sample(image, (30, 40))
    assert small["image_size"].tolist() == [15, 20] and small["original_size"].tolist() == [30, 40]
    assert small["scale_to_original"].tolist() == [2, 2] and not small["images"][15:].any()


def row(view, *objects):
    """What the network gives for a view, and its row of the batch: from (score, class, box in the window, mask)."""
    geometry = Letterbox(SIZE, tuple(round(side * view.factor) for side in SIZE))
    scale = np.array([*geometry.scale] * 2, np.float32)
    found = {
        "boxes": np.zeros((1, 5, 4), np.float32),
        "scores": np.zeros((1, 5), np.float32),
        "classes": np.zeros((1, 5), np.int32),
        "masks": np.zeros((1, 5, M, M), np.float32),
    }
    for number, (score, label, box, mask) in enumerate(objects):
        x0, y0, x1, y1 = box
        x0, x1 = (SIZE[1] - x1, SIZE[1] - x0) if view.flip_x else (x0, x1)
        y0, y1 = (SIZE[0] - y1, SIZE[0] - y0) if view.flip_y else (y0, y1)
        found["boxes"][0, number] = np.array([x0, y0, x1, y1], np.float32) / scale
        found["scores"][0, number], found["classes"][0, number] = score, label
        found["masks"][0, number] = mask[:: -1 if view.flip_y else 1, :: -1 if view.flip_x else 1]
    return found, {key: value[None] for key, value in geometry.arrays().items()}


def fused(tta, *of_views, **threshold):
    views = tta.views((0, 0, SIZE[1], SIZE[0]))
    rows = [row(view, *found) for view, found in zip(views, of_views, strict=True)]
    return fuse_views(rows, views, SPEC, tta, **threshold)


def triangle():
    """Probabilities that are not symmetric."""
    return np.add.outer(np.arange(M), np.arange(M)).astype(np.float32) / (2 * M)


TWO = ((0.9, 1, (8, 4, 40, 30), triangle()), (0.6, 2, (20, 10, 52, 36), triangle()[::-1]))


def test_views_that_agree_give_what_one_gives():
    every = Tta(flip_y=True, scales=(0.5,))
    found = fused(every, *[TWO] * 8)
    one, batch = row(View((0, 0, SIZE[1], SIZE[0])), *TWO)
    expected = detections_of({key: value[0] for key, value in one.items()}, Letterbox.of(batch, 0), SPEC.classes)
    np.testing.assert_allclose(found.boxes, expected.boxes, atol=1e-4)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-6)
    assert found.classes.tolist() == [1, 2] and found.category_ids == (5, 9)
    for mask, other in zip(found.masks, expected.masks, strict=True):
        assert (rle.decode(mask) != rle.decode(other)).sum() <= 4, "pixels at the threshold may differ by rounding"


def test_boxes_scores_and_masks_are_averaged():
    full, left = np.ones((M, M), np.float32), np.ones((M, M), np.float32)
    left[:, M // 2 :] = 0
    found = fused(Tta(), [(0.9, 1, (10, 10, 40, 30), full)], [(0.3, 1, (14, 10, 40, 30), left)])
    np.testing.assert_allclose(found.boxes, [[11, 10, 40, 30]], atol=1e-5)  # (3 × 10 + 1 × 14) / 4
    np.testing.assert_allclose(found.scores, [0.6], atol=1e-6)
    # The better view alone has more than half of the weight, so its mask stays.
    np.testing.assert_array_equal(rle.decode(found.masks[0]), paste_mask(full, np.array([10, 10, 40, 30]), *SIZE))
    turned = fused(Tta(), [(0.3, 1, (10, 10, 40, 30), full)], [(0.9, 1, (10, 10, 40, 30), left)])
    np.testing.assert_array_equal(rle.decode(turned.masks[0]), paste_mask(left, np.array([10, 10, 40, 30]), *SIZE))


def test_probabilities_are_averaged_and_not_votes():
    """0.9 and 0.2 give an object, 0.6 and 0.2 none, although both have one vote of two."""
    sure, unsure, no = (np.full((M, M), value, np.float32) for value in (0.9, 0.6, 0.2))
    box = (10, 10, 40, 30)
    assert rle.area(fused(Tta(), [(0.5, 1, box, sure)], [(0.5, 1, box, no)]).masks[0]) > 400
    two = [(0.5, 1, box, unsure)], [(0.5, 1, box, no)]
    assert rle.area(fused(Tta(), *two).masks[0]) == rle.area(fused(Tta(), *two, mask_threshold=0.45).masks[0]) == 0
    assert rle.area(fused(Tta(), *two, mask_threshold=0.35).masks[0]) > 400


def test_the_task_makes_masks_as_they_were_evaluated():
    view = View((0, 0, SIZE[1], SIZE[0]))
    found, batch = row(view, *TWO)
    batch |= {"valid": np.array([True])}

    def areas(task):
        (one,) = task.results(found, batch, SPEC)
        fused_areas = task.fuse_views([(found, batch)], [view], SPEC, Tta(flip_x=False, scales=(0.5,))).areas
        assert fused_areas.tolist() == one.areas.tolist()
        return one.areas

    assert (areas(InstanceTask().as_evaluated({"mask_threshold": 0.25})) > 1.3 * areas(InstanceTask())).all()
    assert areas(InstanceTask().as_evaluated({})).tolist() == areas(InstanceTask()).tolist()

    class Mine(InstanceTask):
        def __init__(self):  # a constructor of its own
            super().__init__(0.25)

    assert areas(Mine().as_evaluated({})).tolist() == areas(Mine()).tolist()
    assert areas(Mine().as_evaluated({"mask_threshold": 0.5})).tolist() == areas(InstanceTask()).tolist()


def test_what_one_view_of_two_has_keeps_half_of_its_score():
    found = fused(Tta(), TWO, [TWO[0]])
    np.testing.assert_allclose(found.scores, [0.9, 0.3], atol=1e-6)


def test_classes_and_far_boxes_are_not_fused_and_a_view_has_an_object_once():
    mask, box = np.ones((M, M), np.float32), (10, 10, 40, 30)
    assert len(fused(Tta(), [(0.9, 1, box, mask)], [(0.9, 2, box, mask)])) == 2
    # The intersection over union is (30 - 10) / (30 + 10), one half.
    assert len(fused(Tta(), [(0.9, 1, box, mask)], [(0.8, 1, (20, 10, 50, 30), mask)])) == 2
    near = (12, 10, 40, 30)
    found = fused(Tta(), [(0.9, 1, box, mask), (0.8, 1, near, mask)], [(0.7, 1, near, mask)])
    np.testing.assert_allclose(sorted(found.scores), [0.45, 0.75], atol=1e-6)
    np.testing.assert_allclose(found.boxes[0], near, atol=1e-4)


def test_no_more_objects_than_the_network_has_room_for():
    mask = np.ones((M, M), np.float32)
    boxes = [(4 * n, 0, 4 * n + 4, 10) for n in range(10)]
    one, other = ([(0.9 - 0.05 * n, 1, box, mask) for n, box in enumerate(half)] for half in (boxes[:5], boxes[5:]))
    found = fused(Tta(), one, other)
    assert len(found) == 5 and found.scores.max() == np.float32(0.45)


def test_a_diverged_network_is_an_error():
    with pytest.raises(ValueError, match="not finite"):
        fused(Tta(), [(np.nan, 1, (1, 1, 5, 5), triangle())], [])
