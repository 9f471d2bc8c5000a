"""Vertical flip, large-scale jitter, copy-paste, mosaic and cut-out: image, masks and boxes to the pixel."""

import numpy as np
import pytest

from data_loader.config import AugmentConfig
from data_loader.transforms.augment import augmented as compose
from data_loader.transforms.warp import NEUTRAL, tight_box
from tests.data_loader.transforms.colored import (
    STILL,
    assert_exact,
    augmented,
    colored,
    found_objects,
    rectangle,
)

KINDS = {
    "vertical_flip": {"vertical_flip": 1.0},
    "jitter": {"scale": 1.0, "scale_range": (0.1, 2.0)},
    "copy_paste": {"copy_paste": 1.0, "copy_paste_sigma": 1.0},
    "mosaic": {"mosaic": 1.0},
    "cutout": {"cutout": 1.0},
}


def blocks(first, height=64, width=64, least=2):
    """Three objects of 16 × 16, 8 × 30 and `least` × `least` pixels."""
    places = ((5, 5, 21, 21), (30, 10, 38, 40), (50, 50, 50 + least, 50 + least))
    return colored([rectangle(height, width, *place) for place in places], first)


@pytest.fixture
def source():
    """Four images with the classes 1…3, 4…6, 7…9 and 10…12."""
    return [blocks(first, least=6) for first in (1, 4, 7, 10)]


def test_a_vertical_flip_moves_all_and_twice_is_identity():
    sample = blocks(1)
    once = augmented(sample, (64, 64), vertical_flip=1.0)
    np.testing.assert_array_equal(once["images"], sample["image"][::-1])
    np.testing.assert_array_equal(np.asarray(once["gt_masks"])[:3], sample["masks"][:, ::-1])
    np.testing.assert_array_equal(once["gt_boxes"][0], [5, 43, 21, 59])
    raw = {"image": once["images"], "masks": np.asarray(once["gt_masks"])[:3], "boxes": once["gt_boxes"][:3]}
    twice = augmented(sample | raw, (64, 64), vertical_flip=1.0)
    np.testing.assert_array_equal(twice["images"], sample["image"])
    np.testing.assert_array_equal(np.asarray(twice["gt_masks"])[:3], sample["masks"])


@pytest.mark.parametrize("seed", range(8))
def test_flips_of_both_axes_are_exact(seed):
    sample = blocks(1, 64, 80)
    found = augmented(sample, (64, 80), seed, flip=0.5, vertical_flip=0.5)
    assert_exact(found)
    assert len(found_objects(found)) == 3


def test_large_scale_jitter_pads_small_images_and_crops_large_ones():
    sample = blocks(1, 64, 96)
    sizes = []
    for seed in range(200):
        found = augmented(sample, (64, 96), seed, **KINDS["jitter"])
        height, width = found["image_size"]
        sizes.append(height)
        assert abs(width - 1.5 * height) <= 1
        assert not found["images"][height:].any() and not found["images"][:, width:].any()
        assert found["images"][:height, :width].any(axis=2).all()
        boxes = found["gt_boxes"]
        assert (boxes[:, 2] <= width).all() and (boxes[:, 3] <= height).all()
        if height < 64:  # nothing is cropped, so nothing is lost, not even 2 × 2 pixels at a tenth of their size
            assert set(found_objects(found)) == {1, 2, 3}
        assert abs(found["scale_to_original"][1] * height - 64) < 1 or height == 64
    # A factor between 0.1 and 2.0: the input's height of 64 is reached from 1.0 on.
    assert min(sizes) in range(6, 10) and max(sizes) == 64
    assert 0.40 < np.mean(np.array(sizes) == 64) < 0.65


def test_what_is_pasted_covers_what_is_below():
    """By hand: a block of 20 × 20 is pasted over the right half of one of 10 × 10, and over all of another."""
    half, whole, free = ((5, 20, 15, 30), (12, 12, 16, 16), (40, 40, 60, 60))
    below = colored([rectangle(64, 64, *place) for place in (half, whole, free)], 1)
    above = colored([rectangle(64, 64, 10, 10, 30, 30)], 7)
    found = augmented(below, (64, 64), source=[above], copy_paste=1.0)
    assert_exact(found)
    objects = found_objects(found)
    assert set(objects) == {1, 3, 7}
    np.testing.assert_array_equal(objects[1][1], [5, 20, 10, 30])
    assert objects[1][0].sum() == 50 and objects[3][0].sum() == 400 and objects[7][0].sum() == 400


@pytest.mark.parametrize(("part", "kept"), [(0.5, {1, 7}), (0.51, {7})])
def test_an_object_that_is_mostly_covered_is_dropped(part, kept):
    below = colored([rectangle(64, 64, 5, 20, 15, 30)], 1)  # half of it is covered
    above = colored([rectangle(64, 64, 10, 10, 30, 30)], 7)
    found = augmented(below, (64, 64), source=[above], copy_paste=1.0, min_kept_area=part)
    assert set(found_objects(found)) == kept


def test_crowds_are_never_pasted_and_are_covered_like_objects():
    below = colored([rectangle(64, 64, 0, 0, 64, 12), rectangle(64, 64, 12, 14, 16, 18)], 1, crowd=(1, 2))
    above = colored([rectangle(64, 64, 10, 10, 30, 30), rectangle(64, 64, 40, 40, 60, 60)], 7, crowd=(8,))
    for seed in range(5):
        found = augmented(below, (64, 64), seed, [above], copy_paste=1.0, min_kept_area=1.0)
        assert found["gt_classes"][:3].tolist() == [1, 7, 0] and found["gt_crowd"][:2].tolist() == [True, False]
        assert found_objects(found)[1][0].sum() == 64 * 12 - 20 * 2
    only_crowds = colored([rectangle(64, 64, 10, 10, 30, 30)], 7, crowd=(7,))
    found = augmented(below, (64, 64), source=[only_crowds], copy_paste=1.0)
    np.testing.assert_array_equal(found["images"], below["image"])


def test_a_random_subset_is_pasted():
    below = colored([], size=(64, 64))
    counts = [0, 0, 0, 0]
    for seed in range(300):
        found = augmented(below, (64, 64), seed, [blocks(7)], copy_paste=1.0)
        assert_exact(found)
        counts[len(found_objects(found))] += 1
    assert counts[0] == 0 and min(counts[1:]) > 70  # 1, 2 and 3 objects a third each


def test_ignored_pixels_are_pasted_with_their_object():
    above = colored([rectangle(64, 64, 10, 10, 30, 30)], 7)
    above["masks"][0, 10:12] = np.where(above["masks"][0, 10:12] == 1, 255, 0)
    below = colored([rectangle(64, 64, 0, 0, 64, 64)], 1)
    objects = found_objects(augmented(below, (64, 64), source=[above], copy_paste=1.0))
    assert (objects[7][0][10:12, 10:30] == 255).all() and (objects[7][0][12:30, 10:30] == 1).all()
    assert objects[1][0].sum() == 64 * 64 - 20 * 20


def test_smoothed_edges_mix_both_images_near_the_edge_only():
    below, above = colored([], size=(64, 64)), colored([rectangle(64, 64, 20, 20, 44, 44)], 7)
    above["image"][:] = (7, 0, 0)
    sharp, smooth = (
        augmented(below, (64, 64), source=[above], copy_paste=1.0, copy_paste_sigma=sigma) for sigma in (0.0, 1.5)
    )
    np.testing.assert_array_equal(np.asarray(sharp["gt_masks"]), np.asarray(smooth["gt_masks"]))
    changed = (sharp["images"] != smooth["images"]).any(axis=2)
    assert changed[32, 19] and changed[32, 20]
    distance = np.abs(np.arange(64) + 0.5 - 32) - 12  # from the edge, along the middle row
    assert not changed[32][np.abs(distance) > 6].any()
    # Half way between both colors at the edge.
    assert smooth["images"][32, 19:21, 0].mean() == pytest.approx((200 + 7) / 2, abs=2)


@pytest.mark.parametrize("seed", range(10))
def test_pasting_keeps_to_the_image(seed):
    """The image below is jittered to a part of the input: the padding stays empty, and the pasted is within."""
    found = augmented(
        blocks(1), (64, 64), seed, [blocks(7)], copy_paste=1.0, scale=1.0, scale_range=(0.3, 0.9), min_kept_area=0.2
    )
    height, width = found["image_size"]
    assert not found["images"][height:].any() and not found["images"][:, width:].any()
    for mask, box in found_objects(found).values():
        assert box[2] <= width and box[3] <= height
        assert not mask[height:].any() and not mask[:, width:].any()


@pytest.mark.parametrize("seed", range(30))
def test_a_mosaic_is_exact(source, seed):
    """Of a pixel between object and background, the object has the half that is nearer to its color."""
    found = augmented(source[0], (160, 160), seed, source[1:], mosaic=1.0, flip=0.5, vertical_flip=0.5)
    assert found["image_size"].tolist() == [160, 160]
    assert not (found["images"] == NEUTRAL).all(axis=2).any()  # every quarter is covered
    color = found["images"].astype(int)
    masks = np.asarray(found["gt_masks"])  # an image may be in it twice, and its classes with it
    clear = np.abs(color[..., 1] - 100) > 8
    np.testing.assert_array_equal(masks.sum(axis=0)[clear] == 1, color[..., 1][clear] < 100)
    for mask, box, number in zip(masks, found["gt_boxes"], found["gt_classes"], strict=True):
        if number:
            assert (color[..., 0][(mask == 1) & (color[..., 1] == 0)] == number).all()
            np.testing.assert_array_equal(box, tight_box(mask))


def test_a_mosaic_is_cropped_and_padded_by_hand():
    """One image four times: 40 × 20 pixels cover a quarter of any shape, and at half that scale leave some free."""
    sample = colored([], size=(40, 20))
    for factor, free in ((1.0, False), (0.5, True)):
        for seed in range(20):
            jitter = {"scale": 1.0, "scale_range": (factor, factor)}
            image = augmented(sample, (96, 96), seed, [sample], mosaic=1.0, **jitter)["images"]
            assert (image == NEUTRAL).all(axis=2).any() == free
            filled = (image == 200).all(axis=2)
            middle = np.flatnonzero(filled.any(axis=1))
            assert filled[middle].any(axis=1).all() and len(middle) == np.ptp(middle) + 1  # all meet at the center


def test_a_mosaic_has_the_sample_in_any_quarter_and_others_beside_it(source):
    quarters = np.zeros(4, int)
    for seed in range(120):
        found = augmented(source[0], (128, 128), seed, source[1:], mosaic=1.0)
        boxes = [box for number, (_, box) in found_objects(found).items() if number <= 3]
        if boxes and found["image_id"] == 1:
            left, top = np.min(boxes, axis=0)[:2]
            quarters[2 * int(top > 64) + int(left > 64)] += 1
        assert (found["gt_classes"] > 0).sum() <= 12
    assert min(quarters) > 10


def test_objects_cut_by_a_quarter_are_dropped_where_too_little_is_left():
    """An object as large as its image: what is left of it is the part of the image that is in the quarter."""
    full = colored([rectangle(40, 20, 0, 0, 20, 40)], 1)
    kept = set()
    for seed in range(60):
        found = augmented(full, (96, 96), seed, [full], mosaic=1.0, min_kept_area=0.5)
        for box in found["gt_boxes"][found["gt_classes"] > 0]:
            height, width = box[3] - box[1], box[2] - box[0]
            scale = max(height / 40, width / 20)
            assert height * width >= 0.5 * 800 * scale**2 - 1
        kept.add(int((found["gt_classes"] > 0).sum()))
    assert len(kept) > 1


@pytest.mark.parametrize("seed", range(20))
def test_what_is_cut_out_stays_annotated(seed):
    sample = blocks(1)
    found = augmented(sample, (64, 64), seed, cutout=1.0, cutout_size=(0.2, 0.5), min_kept_area=0.3)
    erased = (found["images"] == NEUTRAL).all(axis=2)
    assert erased.any()
    np.testing.assert_array_equal(found["images"][~erased], sample["image"][~erased])
    objects = found_objects(found)
    for number, mask in enumerate(sample["masks"], 1):
        seen = (mask.astype(bool) & ~erased).sum() / mask.sum()
        assert (number in objects) == (seen >= 0.3)
        if number in objects:
            np.testing.assert_array_equal(objects[number][0], mask)
            np.testing.assert_array_equal(objects[number][1], sample["boxes"][number - 1])


def test_sizes_and_numbers_of_rectangles():
    blank = colored([], size=(100, 200))
    one = {"cutout_rectangles": (1, 1), "cutout_size": (0.1, 0.1)}
    for seed in range(10):
        found = augmented(blank, (100, 200), seed, cutout=1.0, **one)
        rows, columns = np.nonzero((found["images"] == NEUTRAL).all(axis=2))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1, len(rows)) == (10, 20, 200)


def test_a_hidden_object_is_dropped_and_a_crowd_is_not():
    sample = colored([rectangle(64, 64, 0, 0, 32, 64), rectangle(64, 64, 32, 0, 64, 64)], 1, crowd=(2,))
    found = augmented(sample, (64, 64), cutout=1.0, cutout_rectangles=(1, 1), cutout_size=(1.0, 1.0))
    assert (found["images"] == NEUTRAL).all()
    assert list(found_objects(found)) == [2]


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_reproducible_and_random(source, kind):
    samples = [augmented(source[0], (96, 96), seed, source, flip=0.5, **KINDS[kind]) for seed in (5, 5, *range(6, 12))]
    for key in samples[0]:
        np.testing.assert_array_equal(np.asarray(samples[0][key]), np.asarray(samples[1][key]))
    assert len({sample["images"].tobytes() for sample in samples}) > 1


@pytest.mark.parametrize("seed", range(10))
def test_all_together_keep_the_contract(source, seed):
    everything = {key: value for kind in KINDS.values() for key, value in kind.items()}
    found = augmented(source[0], (96, 96), seed, source, 5, **everything | {"rotation": 1.0, "color": 1.0})
    assert (found["gt_classes"] > 0).sum() <= 5
    for mask, box in found_objects(found).values():
        np.testing.assert_array_equal(box, tight_box(mask))


def test_what_is_off_draws_nothing(source):
    """A key with probability 0 leaves all other changes as they are, and so does an empty source."""
    usual = AugmentConfig(vertical_flip=0.0)
    plain = compose(source[0], (64, 64), usual, np.random.default_rng(2))
    mixed = AugmentConfig(mosaic=1.0, copy_paste=1.0)
    without = compose(source[0] | {"source": ()}, (64, 64), mixed, np.random.default_rng(2))
    np.testing.assert_array_equal(plain.image, without.image)


@pytest.mark.parametrize("key", ["mosaic", "copy_paste"])
def test_mixing_without_other_images_is_an_error(key):
    with pytest.raises(ValueError, match="has no `source`"):
        augmented(blocks(1), (64, 64), **{key: 1.0})


def test_by_default_no_image_is_mixed_or_erased():
    config = AugmentConfig()
    assert not config.mixes and config.vertical_flip == config.cutout == 0
    assert AugmentConfig(**STILL, mosaic=0.1).mixes and AugmentConfig(copy_paste=0.1).mixes
