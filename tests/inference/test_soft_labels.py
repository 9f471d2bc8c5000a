"""Probabilities averaged over views and tiles, without a network."""

import numpy as np
import pytest

from base.batch import DataSpec
from base.letterbox import Letterbox, letterbox
from base.view import View
from inference.label_map import LabelMap
from inference.soft_labels import SoftLabels, fuse, merge, most_probable
from inference.steps import Steps, call_now
from inference.tiling import Tiling
from inference.tta import Tta
from tasks.semantic import SemanticTask
from utils.errors import UserError

SPEC = DataSpec("semantic", ("red", "green", "blue"), (32, 48), category_ids=(4, 5, 6))
CHANNELS = 4


def soft(size, *views):
    return SoftLabels(size, CHANNELS, tuple(dict(enumerate(np.moveaxis(view, -1, 0))) for view in views))


def random_probabilities(*size, seed=0):
    return np.random.default_rng(seed).dirichlet((0.4,) * CHANNELS, size).astype(np.float32)


def colors(batch):
    """A network that takes an image for probabilities: red, green and blue in 255ths, the rest is background."""
    classes = batch["images"].astype(np.float32) / 255
    probabilities = np.concatenate([1 - classes.sum(-1, keepdims=True), classes], axis=-1)
    return {"labels": probabilities.argmax(-1).astype(np.int32), "probabilities": probabilities}


def predicted(image, tiling=None, tta=None, network=colors):
    steps = Steps(SemanticTask(), SPEC, network, 3, tiling, tta)
    ((_, result),) = steps.run([steps.item("image", image)], call_now)
    return result.result()


def random_image(height, width, seed=0):
    """Blocks of 4×4 pixels whose three colors sum to less than 1."""
    blocks = np.random.default_rng(seed).dirichlet((0.3,) * 4, (height // 4, width // 4))[..., 1:] * 255
    return np.repeat(np.repeat(blocks.astype(np.uint8), 4, axis=0), 4, axis=1)


def test_the_highest_plane_is_chosen_the_first_of_equal_ones():
    planes = np.array([[[0.2, 0.5, 0.3]], [[0.2, 0.4, 0.3]], [[0.1, 0.6, 0.4]]], np.float32)
    assert most_probable(iter(zip((0, 4, 7), planes, strict=True))).tolist() == [[0, 7, 7]]


def test_probabilities_are_averaged_and_not_votes():
    one, other = np.zeros((2, 1, 1, CHANNELS), np.float32)
    one[..., :2], other[..., :2] = (0.1, 0.9), (0.6, 0.4)
    assert soft((1, 1), one, other, other).labels().tolist() == [[1]]  # 1.7 to 1.3, one vote of three
    assert soft((1, 1), other).labels().tolist() == [[0]]


def test_what_is_left_out_is_nothing_that_could_be_the_best():
    probabilities = np.zeros((4, 5, CHANNELS), np.float32)
    probabilities[...] = (0.7, 0.2996, 0.0004, 0)
    probabilities[0, 0] = (0.24, 0.245, 0.0, 0.515)
    found = SoftLabels.of(probabilities, Letterbox((4, 5), (4, 5)), 3)
    assert list(found.views[0]) == [0, 1, 3]
    assert found.candidates == [0, 1, 3]
    expected = np.zeros((4, 5))
    expected[0, 0] = 3
    np.testing.assert_array_equal(found.labels(), expected)
    even = np.full((2, 2, CHANNELS), 0.25, np.float32)
    assert SoftLabels.of(even, Letterbox((2, 2), (2, 2)), 3).candidates == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_dropping_and_choosing_classes_changes_no_label(seed):
    one, other = (random_probabilities(7, 9, seed=2 * seed + number) for number in (0, 1))
    mean = (one.astype(np.float64) + other) / 2
    parts = [SoftLabels.of(view, Letterbox((7, 9), (7, 9)), 3) for view in (one, other)]
    found = SoftLabels((7, 9), CHANNELS, tuple(view for part in parts for view in part.views)).labels()
    clear = np.diff(np.sort(mean, axis=-1)[..., -2:], axis=-1)[..., 0] > 1e-3
    np.testing.assert_array_equal(found[clear], mean.argmax(-1)[clear])


def test_a_window_of_the_whole_image_gives_what_the_image_gives():
    image = random_image(32, 48)
    plain = predicted(image)
    assert isinstance(plain, LabelMap) and plain.category_ids == (4, 5, 6) and len(plain.shares) == 4
    np.testing.assert_array_equal(predicted(image, Tiling()).labels, plain.labels)
    expected = colors({"images": image[None]})["labels"][0]
    np.testing.assert_array_equal(plain.labels, expected)


def test_flipped_views_are_turned_back():
    """The network's answer does not depend on the flip, so the mean is that of one view."""
    image = random_image(24, 48, seed=1)
    found = predicted(image, tta=Tta(flip_x=True, flip_y=True))
    np.testing.assert_array_equal(found.labels, predicted(image).labels)


def test_tiles_of_the_input_size_give_the_labels_of_their_pixels():
    image = random_image(72, 100, seed=2)
    for tiling in (Tiling(whole=False), Tiling(whole=False, overlap=0.6)):
        found = predicted(image, tiling)
        np.testing.assert_array_equal(found.labels, colors({"images": image[None]})["labels"][0])
    both = predicted(image, Tiling(whole=False), Tta(flip_y=True))
    np.testing.assert_array_equal(both.labels, found.labels)


def test_tiles_of_several_sizes_are_averaged():
    """One of 40 pixels is made smaller for the network's input of 32, one of 24 enlarged."""
    image = random_image(64, 64, seed=2)
    tiling = Tiling((40, 24), whole=False)
    windows, parts = tiling.windows((64, 64), SPEC.image_size), []
    for x0, y0, x1, y1 in windows:
        pixels, geometry = letterbox(image[y0:y1, x0:x1], SPEC.image_size)
        parts.append(SoftLabels.of(colors({"images": pixels[None]})["probabilities"][0], geometry, 3))
    assert {part.size for part in parts} == {(40, 40), (24, 24)}
    found = predicted(image, tiling).labels
    np.testing.assert_array_equal(found, merge(parts, windows, (64, 64)))
    assert (found == colors({"images": image[None]})["labels"][0]).mean() > 0.9


def test_where_windows_overlap_their_mean_decides():
    """Left says label 1 with 0.6, right says label 2 with 0.9: in between the mean is for label 2."""
    left, right = np.zeros((2, 4, 6, CHANNELS), np.float32)
    left[..., :3], right[..., :3] = (0.1, 0.6, 0.3), (0.05, 0.05, 0.9)
    found = merge([soft((4, 6), left), soft((4, 6), right)], [(0, 0, 6, 4), (4, 0, 10, 4)], (4, 10))
    np.testing.assert_array_equal(found, np.tile(np.repeat([1, 2], [4, 6]), (4, 1)))


def test_smaller_views_are_enlarged_before_they_are_averaged():
    image = random_image(32, 48, seed=3)
    network = lambda batch: colors(batch) if batch["image_size"][0, 0] == 32 else half(batch)  # noqa: E731

    def half(batch):
        found = colors(batch)["probabilities"]
        return {"probabilities": 0 * found + np.float32([1, 0, 0, 0])}

    tta = Tta(flip_x=False, scales=(0.5,))
    steps = Steps(SemanticTask(), SPEC, network, 1, None, tta)
    ((_, result),) = steps.run([steps.item("image", image)], call_now)
    whole = colors({"images": image[None]})["probabilities"][0]
    np.testing.assert_array_equal(result.result().labels, (whole + np.float32([1, 0, 0, 0])).argmax(-1))


def test_a_network_without_probabilities_cannot_be_averaged():
    network = lambda batch: {"labels": colors(batch)["labels"]}  # noqa: E731
    with pytest.raises(UserError, match=r"average `probabilities`, and this model predicts \['labels'\]"):
        predicted(random_image(72, 100), Tiling(), network=network)
    with pytest.raises(UserError, match="average `probabilities`"):
        predicted(random_image(32, 48), tta=Tta(), network=network)
    assert predicted(random_image(32, 48), network=network).size == (32, 48)


def test_a_diverged_network_is_an_error():
    network = lambda batch: {"probabilities": np.full((*batch["images"].shape[:3], 4), np.nan)}  # noqa: E731
    with pytest.raises(ValueError, match="not finite"):
        predicted(random_image(72, 100), Tiling(), network=network)


def test_views_of_unlike_shape_are_fused():
    one, other = random_probabilities(32, 48), random_probabilities(16, 24, seed=1)
    views = [View((0, 0, 48, 32)), View((0, 0, 48, 32), factor=0.5)]
    samples = [view.sample(np.zeros((32, 48, 3), np.uint8), (32, 48)) for view in views]
    padded = np.zeros((32, 48, CHANNELS), np.float32)
    padded[:16, :24] = other
    rows = [{key: np.asarray(value)[None] for key, value in sample.items()} for sample in samples]
    predictions = [{"probabilities": view[None]} for view in (one, padded)]
    found = fuse(list(zip(predictions, rows, strict=True)), views, 3)
    assert found.size == (32, 48) and [view[0].shape for view in found.views] == [(32, 48), (16, 24)]
    center = (one[16, 24, 2] + other[8, 12, 2] * 0.5625) / 2  # and its three neighbors, 3/4 · 1/4 and 1/16 of them
    center += (other[7, 12, 2] * 0.1875 + other[8, 11, 2] * 0.1875 + other[7, 11, 2] * 0.0625) / 2
    assert found.plane(2)[16, 24] == pytest.approx(center, rel=1e-5)
