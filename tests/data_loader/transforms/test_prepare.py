import numpy as np
import pytest

from base.letterbox import fit
from data_loader.config import AugmentConfig
from data_loader.transforms.placement import Placement, flipping, random_placement, rotation, scaling, translation
from data_loader.transforms.prepare import CroppedMasks, train_sample
from data_loader.transforms.warp import NEUTRAL, tight_box, warp_image, warp_mask

STILL = {"flip": 0.0, "scale": 0.0, "rotation": 0.0, "color": 0.0, "blur": 0.0}


def blank(height, width):
    return np.zeros((height, width), np.uint8)


def sample_of(masks, height=48, width=64, seed=0):
    masks = np.array(masks, np.uint8).reshape(-1, height, width)
    smooth = np.add.outer(np.arange(height), np.arange(width))[..., None] + np.array([0, 40, 80])
    return {
        "image": smooth.astype(np.uint8),
        "boxes": np.array([tight_box(mask) for mask in masks], np.float32).reshape(-1, 4),
        "classes": np.arange(1, len(masks) + 1, dtype=np.int32),
        "masks": masks,
        "crowd": np.zeros(len(masks), bool),
        "image_id": 7,
    }


def prepared(sample, size, augment=None, rng=None, max_objects=8):
    """What `train_sample` gives without the padding of image and objects, under the names of a raw sample."""
    found = train_sample(sample, size, augment, max_objects, rng or np.random.default_rng(0))
    height, width = found["image_size"]
    real = found["gt_classes"] > 0
    masks = np.asarray(found["gt_masks"])
    assert masks.shape == (max_objects, *size) and not masks[~real].any()
    assert not masks[:, height:].any() and not masks[:, :, width:].any() and not found["images"][height:].any()
    return {
        "image": found["images"][:height, :width],
        "masks": masks[real, :height, :width],
        **{key: found[f"gt_{key}"][real] for key in ("boxes", "classes", "crowd")},
        **{key: found[key] for key in ("image_id", "original_size", "scale_to_original")},
    }


@pytest.fixture
def sample():
    """Three objects of 48 × 64 pixels: a block with an ignored rim, a disc that it touches, a thin bar."""
    block, disc, bar = blank(48, 64), blank(48, 64), blank(48, 64)
    block[8:30, 5:30] = 255
    block[10:28, 7:28] = 1
    rows, columns = np.mgrid[:48, :64]
    disc[np.hypot(rows - 30, columns - 45) < 12] = 1
    bar[44, 10:60] = 1
    return sample_of([block, disc, bar])


def test_flip_moves_all_together_and_twice_is_identity(sample):
    once = prepared(sample, (48, 64), AugmentConfig(**STILL | {"flip": 1.0}), np.random.default_rng(0))
    np.testing.assert_array_equal(once["image"], sample["image"][:, ::-1])
    np.testing.assert_array_equal(once["masks"], sample["masks"][:, :, ::-1])
    left, top, right, bottom = sample["boxes"].T
    np.testing.assert_array_equal(once["boxes"], np.stack([64 - right, top, 64 - left, bottom], axis=1))
    twice = prepared(once, (48, 64), AugmentConfig(**STILL | {"flip": 1.0}), np.random.default_rng(0))
    for key in ("image", "masks", "boxes", "classes"):
        np.testing.assert_array_equal(twice[key], sample[key])


def test_nothing_switched_on_is_the_plain_resize(sample):
    still = prepared(sample, (96, 128), AugmentConfig(**STILL), np.random.default_rng(0))
    plain = prepared(sample, (96, 128))
    assert np.abs(still["image"].astype(int) - plain["image"]).max() <= 1
    np.testing.assert_array_equal(still["masks"], plain["masks"])
    np.testing.assert_array_equal(plain["boxes"], 2 * sample["boxes"])


@pytest.mark.parametrize("seed", range(20))
def test_boxes_are_tight_and_values_stay(sample, seed):
    config = AugmentConfig(scale=1.0, scale_range=(0.4, 2.5), rotation=1.0, max_degrees=40.0)
    result = prepared(sample, (48, 64), config, np.random.default_rng(seed))
    height, width = result["image"].shape[:2]
    assert height <= 48 and width <= 64
    assert result["masks"].shape[1:] == (height, width)
    for mask, box, number in zip(result["masks"], result["boxes"], result["classes"], strict=True):
        rows, columns = np.nonzero(mask)
        np.testing.assert_array_equal(box, [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert set(np.unique(mask)) <= ({0, 1, 255} if number == 1 else {0, 1})


@pytest.mark.parametrize("seed", range(10))
def test_image_and_masks_stay_together(seed):
    """The object is the bright part of the image: after any warp it still is."""
    rows, columns = np.mgrid[:96, :128]
    mask = ((np.hypot(rows - 45, columns - 60) < 25) | (columns > 115)).astype(np.uint8)
    sample = sample_of([mask], 96, 128)
    sample["image"] = np.repeat(mask[..., None] * np.uint8(250), 3, axis=2)
    config = AugmentConfig(
        scale=1.0, scale_range=(0.45, 1.8), rotation=1.0, max_degrees=30.0, min_kept_area=0.0, color=0.0, blur=0.0
    )
    result = prepared(sample, (96, 128), config, np.random.default_rng(seed))
    bright = result["image"][..., 0] > 125
    assert np.count_nonzero(bright != (result["masks"][0] == 1)) <= 0.01 * bright.size


def test_what_a_rotation_does_not_cover_is_neutral():
    gray = np.full((40, 40, 3), 200, np.uint8)
    corner = rotation(45, (20, 20))
    found = warp_image(gray, Placement(corner, (40, 40)))
    assert set(map(tuple, found[[0, 0, -1, -1], [0, -1, 0, -1]].tolist())) == {NEUTRAL}
    assert (found[20, 10:30] == 200).all()
    assert not (found == 0).any()


def test_same_rng_same_result(sample):
    config = AugmentConfig(scale=1.0, rotation=1.0, color=1.0, blur=1.0)
    first, again, other = (prepared(sample, (48, 64), config, np.random.default_rng(i)) for i in (3, 3, 4))
    for key in ("image", "masks", "boxes"):
        np.testing.assert_array_equal(first[key], again[key])
    assert not np.array_equal(first["image"], other["image"])


def test_every_part_of_an_outgrown_image_is_seen():
    config = AugmentConfig(**STILL | {"scale": 1.0, "scale_range": (2.0, 2.0)})
    rng = np.random.default_rng(0)
    corners = np.array([random_placement((50, 50), (50, 50), config, rng).matrix[:2, 2] for _ in range(300)])
    assert corners.min(axis=0).tolist() == [-50, -50]
    assert corners.max(axis=0).tolist() == [0, 0]


def test_an_object_that_loses_too_much_is_dropped():
    left, right = blank(40, 40), blank(40, 40)
    left[10:20, 0:10] = 1
    right[10:20, 15:25] = 1
    sample = sample_of([left, right], 40, 40)
    # the crop that these random numbers choose cuts off columns 0 to 9 at least
    config = AugmentConfig(**STILL | {"scale": 1.0, "scale_range": (2.0, 2.0), "min_kept_area": 0.5})
    kept = {0: [], 1: []}
    for seed in range(60):
        placement = random_placement((40, 40), (40, 40), config, np.random.default_rng(seed + 0))
        result = prepared(sample, (40, 40), config, np.random.default_rng(seed))
        x0, y0 = -placement.matrix[:2, 2] / 2
        for number, columns in ((1, (0, 10)), (2, (15, 25))):
            width = max(0, min(columns[1], x0 + 20) - max(columns[0], x0))
            height = max(0, min(20, y0 + 20) - max(10, y0))
            part = width * height / 100
            if abs(part - 0.5) > 0.03:
                assert (number in result["classes"]) == (part > 0.5)
                kept[number - 1].append(part > 0.5)
    assert all(True in seen and False in seen for seen in kept.values())


def test_a_crowd_is_kept_however_little_is_left_of_it():
    bar = blank(40, 40)
    bar[18:22] = 1
    sample = sample_of([bar, bar], 40, 40) | {"crowd": np.array([False, True])}
    config = AugmentConfig(**STILL | {"scale": 1.0, "scale_range": (2.0, 2.0), "min_kept_area": 0.9})
    rngs = [np.random.default_rng(seed) for seed in range(9)]
    found = [prepared(sample, (40, 40), config, rng)["crowd"].tolist() for rng in rngs]
    assert [True] in found  # half of the bar: the object goes, the crowd stays
    assert all(kept in ([], [True]) for kept in found)


@pytest.mark.parametrize("augment", [None, AugmentConfig()])
def test_no_objects_is_legal(augment):
    found = train_sample(sample_of([]), (32, 32), augment, 4, np.random.default_rng(0))
    assert np.asarray(found["gt_masks"]).shape == (4, 32, 32)
    assert not found["gt_classes"].any() and not np.asarray(found["gt_masks"]).any()


def test_masks_are_kept_as_crops_until_they_are_batched():
    """100 objects of COCO's size: 107 MB as an array."""
    masks = np.zeros((100, 80, 134), np.uint8)
    for number, mask in enumerate(masks):
        mask[number % 70 : number % 70 + 8, number : number + 9] = 1
    kept = train_sample(sample_of(masks, 80, 134), (800, 1344), None, 100, np.random.default_rng(0))["gt_masks"]
    assert isinstance(kept, CroppedMasks)
    assert sum(crop.nbytes for _, _, crop in kept.crops) < 1e6
    assert np.asarray(kept).nbytes == 100 * 800 * 1344
    assert np.asarray(kept)[3, 33:107, 33:117].all()


@pytest.mark.parametrize("size", [(48, 64), (333, 500), (500, 333), (31, 977), (20, 20)])
def test_the_way_back_is_exact(size):
    result = prepared(sample_of([], *size), (320, 320))
    height, width = result["image"].shape[:2]
    assert max(height, width) == 320
    np.testing.assert_array_equal(result["original_size"], size)
    np.testing.assert_allclose(result["scale_to_original"], [size[1] / width, size[0] / height], rtol=1e-6)


def test_thin_objects_do_not_vanish():
    thin = np.zeros((3, 400, 400), np.uint8)
    thin[0, 200, 20:380] = 1
    thin[1, 20:380, 399] = 1
    thin[2, 7, 9] = 1
    result = prepared(sample_of(thin, 400, 400), (40, 40))
    assert len(result["masks"]) == 3
    widths = result["boxes"][:, 2:] - result["boxes"][:, :2]
    np.testing.assert_array_equal(widths, [[36, 1], [1, 36], [1, 1]])
    np.testing.assert_array_equal(result["boxes"][2], [0, 0, 1, 1])


def test_shrinking_keeps_the_area():
    rows, columns = np.mgrid[:300, :300]
    disc = (np.hypot(rows - 149.5, columns - 149.5) < 100).astype(np.uint8)
    small = warp_mask(disc, tight_box(disc), Placement(scaling(0.2, 0.2), (60, 60)))
    assert np.count_nonzero(small) == pytest.approx(np.pi * 20**2, rel=0.01)


def test_a_warp_has_pixel_centers_at_a_half():
    image = np.zeros((4, 4, 3), np.uint8)
    image[1, 2] = 200
    double = warp_image(image, Placement(scaling(2, 2), (8, 8)))
    rows, columns = np.nonzero(double[..., 0] > 100)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (2, 3, 4, 5)


def test_matrices():
    assert (flipping(10) @ (2, 3, 1)).tolist() == [8, 3, 1]
    assert (translation(1, -2) @ (2, 3, 1)).tolist() == [3, 1, 1]
    np.testing.assert_allclose(rotation(90, (5, 5)) @ (7, 5, 1), [5, 7, 1], atol=1e-12)
    assert fit((100, 50), (64, 64)).size == (64, 32)


def test_the_largest_objects_are_taken_in_their_order():
    masks = np.zeros((4, 10, 10), np.uint8)
    for mask, side in zip(masks, (3, 1, 9, 5), strict=True):
        mask[:side, :side] = 1
    found = prepared(sample_of(masks, 10, 10), (10, 10), max_objects=2)
    assert found["classes"].tolist() == [3, 4]
    assert found["boxes"].tolist() == [[0, 0, 9, 9], [0, 0, 5, 5]]


def test_objects_come_before_crowds_where_the_capacity_ends():
    masks = np.zeros((4, 10, 10), np.uint8)
    for mask, side in zip(masks, (9, 1, 3, 8), strict=True):
        mask[:side, :side] = 1
    sample = sample_of(masks, 10, 10) | {"crowd": np.array([True, False, False, True])}
    found = [prepared(sample, (10, 10), max_objects=capacity) for capacity in (2, 3)]
    assert [item["classes"].tolist() for item in found] == [[2, 3], [1, 2, 3]]
    assert found[1]["crowd"].tolist() == [True, False, False]
