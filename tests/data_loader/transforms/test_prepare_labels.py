"""Image and labels move together: flips and crops exact, padding 255, values of the labels never mixed."""

import json

import cv2
import numpy as np
import pytest

from base.letterbox import fit, resize_labels
from data_loader.config import AugmentConfig
from data_loader.pets.config import PetsConfig
from data_loader.transforms.placement import Placement, flipping, random_placement, scaling, translation
from data_loader.transforms.prepare_labels import prepare_labels
from data_loader.transforms.warp import NEUTRAL, warp_labels
from tests.data_loader.transforms.colored import STILL


def random_labels(size, seed=0):
    return np.random.default_rng(seed).choice(np.array([0, 1, 2, 7, 254, 255], np.uint8), size)


def blocks(labels, side=8):
    """Each pixel as a block: what is inside of one is the same whatever interpolates it."""
    return labels.repeat(side, 0).repeat(side, 1)


def sample_of(labels, image_id=5):
    """The red of the image is the label, green its row, blue its column."""
    rows, columns = np.mgrid[: labels.shape[0], : labels.shape[1]]
    image = np.stack([labels, rows % 256, columns % 256], axis=-1).astype(np.uint8)
    return {"image": image, "labels": labels, "image_id": image_id}


def prepared(sample, size, seed=0, **keys):
    """The training sample with every change off that `keys` do not turn on."""
    section = {"image_size": list(size), "task": "semantic", "augment": STILL | keys}
    config = PetsConfig.model_validate_json(json.dumps(section))
    found = prepare_labels(sample, config, np.random.default_rng(seed))
    height, width = found["image_size"]
    assert found["images"].shape == (*size, 3) and found["images"].dtype == np.uint8
    assert found["labels"].shape == size and found["labels"].dtype == np.int32
    assert (found["labels"][height:] == 255).all() and (found["labels"][:, width:] == 255).all()
    assert not found["images"][height:].any() and not found["images"][:, width:].any()
    return found


def test_nothing_switched_on_gives_the_very_pixels():
    sample = sample_of(random_labels((40, 50)))
    found = prepared(sample, (40, 50))
    np.testing.assert_array_equal(found["images"], sample["image"])
    np.testing.assert_array_equal(found["labels"], sample["labels"])
    assert found["image_id"] == 5 and found["original_size"].tolist() == [40, 50]
    assert found["scale_to_original"].tolist() == [1, 1]


@pytest.mark.parametrize("kind", ["flip", "vertical_flip"])
def test_a_flip_is_exact(kind):
    sample = sample_of(random_labels((40, 50)))
    found = prepared(sample, (40, 50), **{kind: 1.0})
    turned = (slice(None), slice(None, None, -1)) if kind == "flip" else (slice(None, None, -1),)
    np.testing.assert_array_equal(found["images"], sample["image"][turned])
    np.testing.assert_array_equal(found["labels"], sample["labels"][turned])


@pytest.mark.parametrize("seed", range(12))
def test_a_crop_is_exact(seed):
    """At twice the size that fits, here the size of the file: the crop's rows and columns are in its colors."""
    sample = sample_of(random_labels((80, 100), seed))
    found = prepared(sample, (40, 50), seed, scale=1, scale_range=(2, 2), flip=0.5)
    top, left = found["images"][0, 0, 1:].astype(int)
    flipped = found["images"][0, 1, 2] < left
    columns = left - np.arange(50) if flipped else left + np.arange(50)
    rows = top + np.arange(40)
    np.testing.assert_array_equal(found["images"], sample["image"][rows][:, columns])
    np.testing.assert_array_equal(found["labels"], sample["labels"][rows][:, columns])
    assert found["image_size"].tolist() == [40, 50] and found["scale_to_original"].tolist() == [1, 1]


def test_crops_are_everywhere_and_flips_half_the_time():
    sample = sample_of(random_labels((80, 100)))
    found = [prepared(sample, (40, 50), seed, scale=1, scale_range=(2, 2), flip=0.5) for seed in range(400)]
    rows = [one["images"][0, 0, 1] for one in found]
    columns = [min(one["images"][0, 0, 2], one["images"][0, -1, 2]) for one in found]
    assert (min(rows), max(rows)) == (0, 40) and (min(columns), max(columns)) == (0, 50)
    flips = sum(int(one["images"][0, 1, 2]) < int(one["images"][0, 0, 2]) for one in found)
    assert 150 < flips < 250


@pytest.mark.parametrize("seed", range(10))
def test_a_small_image_is_in_the_corner_and_all_else_is_255(seed):
    sample = sample_of(blocks(random_labels((10, 12))))
    found = prepared(sample, (80, 96), seed, scale=1, scale_range=(0.5, 0.9))
    height, width = found["image_size"]
    assert 40 <= height <= 72 and abs(width / 96 - height / 80) < 0.02
    assert (found["labels"] == 255).mean() >= 1 - height * width / (80 * 96)


def test_the_jitter_of_deeplab_has_scales_from_a_half_to_two():
    sample = sample_of(random_labels((64, 64)))
    scales = [
        1 / prepared(sample, (64, 64), seed, scale=1, scale_range=(0.5, 2))["scale_to_original"][0]
        for seed in range(200)
    ]
    assert 0.49 < min(scales) < 0.55 and 1.9 < max(scales) < 2.01


@pytest.mark.parametrize("seed", range(30))
def test_image_and_labels_stay_together_and_labels_are_not_mixed(seed):
    """Blocks of 32 pixels: wherever nothing is interpolated across an edge, the image's red is the label."""
    labels = blocks(random_labels((4, 5), seed), 32)
    sample = sample_of(labels)
    keys = {"scale": 1, "scale_range": (0.5, 2), "rotation": 0.5, "max_degrees": 25, "flip": 0.5, "vertical_flip": 0.5}
    found = prepared(sample, (128, 160), seed, **keys)
    height, width = found["image_size"]
    inside = found["labels"][:height, :width]
    assert set(np.unique(inside)) <= {*np.unique(labels).tolist(), 255}
    red = found["images"][:height, :width, 0].astype(int)
    lowest, highest = (change(inside.astype(np.uint8), np.ones((5, 5))) for change in (cv2.erode, cv2.dilate))
    plain = (lowest == highest) & (inside != 255)  # 255 is also what is beyond the image
    assert plain.mean() > 0.25
    wrong = plain & (np.abs(red - inside) > 1)
    assert not wrong[2:-2, 2:-2].any()


@pytest.mark.parametrize("seed", range(40))
def test_a_warp_takes_the_nearest_pixel(seed):
    """Against the map written out in float64: pixel centers are at a half."""
    rng = np.random.default_rng(seed)
    labels = random_labels((37, 53), seed)
    size = tuple(rng.integers(20, 150, 2).tolist())
    across, down = size[1] / 53, size[0] / 37
    matrix = scaling(across, down)
    flipped = bool(seed % 2)
    found = warp_labels(labels, Placement(flipping(size[1]) @ matrix if flipped else matrix, size))
    rows, columns = ((np.arange(side) + 0.5) / factor for side, factor in zip(size, (down, across), strict=True))
    expected = labels[np.floor(rows).astype(int)][:, np.floor(columns).astype(int)]
    # Where a center is on the edge of two pixels, either is the nearest.
    clear = np.ix_(*(np.abs(places - np.rint(places)) > 2e-3 for places in (rows, columns)))
    found = found[:, ::-1] if flipped else found
    assert found.dtype == np.uint8 and found[clear].size > 0.5 * found.size
    np.testing.assert_array_equal(found[clear], expected[clear])


def test_outside_of_the_image_labels_are_255():
    found = warp_labels(np.full((10, 10), 3, np.uint8), Placement(translation(2, -3), (12, 14)))
    expected = np.full((12, 14), 255)
    expected[:7, 2:12] = 3
    np.testing.assert_array_equal(found, expected)


def test_what_a_rotation_uncovers_is_255_in_the_labels_and_neutral_in_the_image():
    labels = np.full((60, 60), 4, np.uint8)
    found = prepared(sample_of(labels), (60, 60), 1, rotation=1, max_degrees=30)
    corner = (found["images"] == NEUTRAL).all(axis=2)
    assert 0.02 < corner.mean() < 0.4
    assert (found["labels"][corner] == 255).mean() > 0.95 and (found["labels"][~corner] == 4).mean() > 0.95


def test_colors_and_blur_leave_the_labels_alone():
    sample = sample_of(random_labels((40, 50)))
    found = prepared(sample, (40, 50), color=1, blur=1)
    np.testing.assert_array_equal(found["labels"], sample["labels"])
    assert (found["images"] != sample["image"]).mean() > 0.5


def test_what_is_cut_out_keeps_its_labels():
    sample = sample_of(random_labels((40, 50)))
    found = prepared(sample, (40, 50), cutout=1, cutout_size=(0.2, 0.3))
    np.testing.assert_array_equal(found["labels"], sample["labels"])
    assert (found["images"] == NEUTRAL).all(axis=2).any()


def test_a_mosaic_has_the_labels_of_four_images():
    """Images of one label each: the color of every pixel is that of its label."""
    source = [sample_of(np.full((40, 50), number, np.uint8), number) for number in range(1, 9)]
    found = prepared(source[0] | {"source": source}, (64, 64), 3, mosaic=1, flip=0.5)
    assert found["image_size"].tolist() == [64, 64] and found["image_id"] == 1
    seen = found["images"][..., 0].astype(int)
    np.testing.assert_array_equal(found["labels"], seen)
    assert 1 in seen and len(np.unique(seen)) >= 3


def test_where_a_mosaic_leaves_a_quarter_blank_labels_are_255():
    source = [sample_of(np.full((40, 50), number, np.uint8), number) for number in range(1, 9)]
    found = prepared(source[0] | {"source": source}, (64, 64), 3, mosaic=1, scale=1, scale_range=(0.5, 0.5))
    blank = (found["images"] == NEUTRAL).all(axis=2)
    assert blank.mean() > 0.5
    assert ((found["labels"] == 255) == blank).mean() > 0.95


def test_same_rng_same_result():
    sample = sample_of(random_labels((40, 50)))
    keys = {"scale": 1, "scale_range": (0.5, 2), "rotation": 1, "color": 1, "blur": 1, "flip": 0.5}
    first, again, other = (prepared(sample, (64, 64), seed, **keys) for seed in (3, 3, 4))
    for key, value in first.items():
        np.testing.assert_array_equal(value, again[key])
    assert (first["labels"] != other["labels"]).any()


def test_labels_draw_as_many_random_numbers_as_objects():
    """So that a run with labels sees the crops that a run with objects sees."""
    config = AugmentConfig(scale=1, scale_range=(0.5, 2), rotation=0, color=0, blur=0)
    placement = random_placement((40, 50), (64, 64), config, np.random.default_rng(7))
    sample = sample_of(random_labels((40, 50)))
    keys = {"scale": 1, "scale_range": (0.5, 2), "flip": 0.5}
    np.testing.assert_array_equal(
        prepared(sample, (64, 64), 7, **keys)["labels"][: placement.size[0], : placement.size[1]],
        warp_labels(sample["labels"], placement),
    )


@pytest.mark.parametrize("augment", [None, {}])
@pytest.mark.parametrize("size", [(40, 50), (333, 100), (20, 90)])
def test_an_evaluation_has_the_letterbox_alone(size, augment):
    sample = sample_of(random_labels(size))
    section = json.dumps({"image_size": [64, 96], "task": "semantic", "augment": augment})
    config = PetsConfig.model_validate_json(section)
    found = prepare_labels(sample, config, None)
    height, width = found["image_size"]
    assert (height, width) == fit(size, (64, 96)).size
    np.testing.assert_array_equal(found["labels"][:height, :width], resize_labels(sample["labels"], (height, width)))
    assert (found["labels"][height:] == 255).all() and (found["labels"][:, width:] == 255).all()
    assert found["labels"].dtype == np.int32 and found["original_size"].tolist() == list(size)
    np.testing.assert_allclose(found["scale_to_original"], [size[1] / width, size[0] / height], rtol=1e-6)
    if augment is None:  # a training without augmentation sees the same
        trained = prepare_labels(sample, config, np.random.default_rng(0))
        for key, value in found.items():
            np.testing.assert_array_equal(trained[key], value)


def test_a_sample_of_objects_is_an_error():
    sample = {"image": np.zeros((40, 40, 3), np.uint8), "boxes": np.zeros((0, 4)), "classes": [], "masks": []}
    with pytest.raises(ValueError, match="the sample has no labels"):
        prepared(sample | {"crowd": [], "image_id": 1}, (40, 40))
