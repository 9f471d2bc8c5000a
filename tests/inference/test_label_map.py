"""Labels of an image: where they come from, what they say of themselves, how they look."""

import io

import numpy as np
import PIL.Image
import pytest

from base import rle
from base.batch import IGNORE
from base.index_images import cityscapes_palette, voc_palette
from base.letterbox import Letterbox
from inference.drawing import palette
from inference.label_map import LabelMap, label_map_of, label_map_of_results
from inference.palettes import label_palette

NAMES = ("car", "dog")


def label_map(*rows, ids=()):
    return LabelMap(np.array(rows, np.uint8), NAMES, ids)


def test_it_prints_the_shares_of_the_classes_that_occur():
    found = label_map([0, 0, 0, 2], [0, 0, 255, 255])
    assert str(found) == repr(found) == "4×2 pixels\n  background 83.3%\n  dog 16.7%"
    assert found.size == (2, 4)
    assert found.shares == {"background": 5 / 6, "dog": 1 / 6}


def test_masks_by_name():
    found = label_map([0, 1], [2, 2])
    np.testing.assert_array_equal(found.mask("dog"), [[False, False], [True, True]])
    np.testing.assert_array_equal(found.mask("background"), [[True, False], [False, False]])
    with pytest.raises(ValueError, match='no class "dogs"; did you mean "dog"'):
        found.mask("dogs")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.zeros((2, 2), np.int32), r"int32 \(2, 2\)"),
        (np.zeros((2, 2, 1), np.uint8), r"\(2, 2, 1\)"),
        (np.full((2, 2), 3, np.uint8), "have the value 3"),
    ],
)
def test_what_are_no_labels_is_refused(labels, said):
    with pytest.raises(ValueError, match=said):
        LabelMap(labels, NAMES)
    with pytest.raises(ValueError, match="254 at most"):
        LabelMap(np.zeros((2, 2), np.uint8), tuple(map(str, range(255))))


def test_labels_go_back_to_the_size_of_the_file_and_padding_is_cut_away():
    labels = np.full((4, 6), 1, np.int32)
    labels[:2, :3] = [[0, 2, 2], [1, 0, 0]]
    found = label_map_of({"labels": labels}, Letterbox((4, 9), (2, 3)), NAMES, (5, 9))
    np.testing.assert_array_equal(found.labels, np.repeat(np.repeat([[0, 2, 2], [1, 0, 0]], 2, axis=0), 3, axis=1))
    assert found.category_ids == (5, 9)


def test_probabilities_are_resized_and_the_best_of_each_pixel_is_taken():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet((0.3, 0.3, 0.3), (6, 8)).astype(np.float32)
    geometry = Letterbox((13, 17), (5, 7))
    found = label_map_of({"probabilities": probabilities}, geometry, NAMES)
    # Bilinear by hand, centers at +0.5.
    y = np.clip((np.arange(13) + 0.5) * 5 / 13 - 0.5, 0, 4)
    x = np.clip((np.arange(17) + 0.5) * 7 / 17 - 0.5, 0, 6)
    rows = np.maximum(0, 1 - np.abs(y[:, None] - np.arange(5)))
    columns = np.maximum(0, 1 - np.abs(x[:, None] - np.arange(7)))
    resized = np.einsum("yi,xj,ijc->yxc", rows, columns, probabilities[:5, :7])
    clear = np.diff(np.sort(resized, axis=-1)[..., -2:], axis=-1)[..., 0] > 1e-3
    assert clear.mean() > 0.9
    np.testing.assert_array_equal(found.labels[clear], resized.argmax(-1)[clear])


def test_results_of_a_diverged_or_another_network_are_refused():
    geometry = Letterbox((4, 4), (4, 4))
    with pytest.raises(ValueError, match="from 0 to 3 were predicted for 2 classes"):
        label_map_of({"labels": np.diag([3, 1, 0, 0])}, geometry, NAMES)
    with pytest.raises(ValueError, match="of 4 labels were predicted for 2 classes"):
        label_map_of({"probabilities": np.ones((4, 4, 4), np.float32)}, geometry, NAMES)
    with pytest.raises(ValueError, match="not finite"):
        label_map_of({"probabilities": np.full((4, 4, 3), np.nan, np.float32)}, geometry, NAMES)


def test_coco_results_hold_every_pixel():
    found = label_map([0, 1, 2], [1, 255, 2], ids=(7, 3))
    results = found.to_coco(12)
    assert [(one["image_id"], one["category_id"], rle.area(one["segmentation"])) for one in results] == [
        (12, 7, 2),
        (12, 3, 2),
    ]
    again = label_map_of_results(results, (2, 3), NAMES, (7, 3))
    np.testing.assert_array_equal(again.labels, np.where(found.labels == IGNORE, 0, found.labels))


@pytest.mark.parametrize("name", ["distinct", "voc", "cityscapes"])
def test_a_png_has_the_labels_as_indices_and_the_palette(name):
    found = label_map([0, 1, 2], [1, 255, 2])
    with PIL.Image.open(io.BytesIO(found.to_png(name))) as image:
        assert image.mode == "P"
        np.testing.assert_array_equal(np.asarray(image), found.labels)
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), found.colored(name))


def test_the_palettes_are_those_of_the_data_sets():
    voc = label_palette("voc", NAMES)
    assert voc[[0, 1, 2, 15, 255]].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [192, 128, 128], [224, 224, 192]]
    np.testing.assert_array_equal(voc, voc_palette())
    streets = label_palette("cityscapes", ("car", "dog", "traffic_light"))
    assert streets[[0, 1, 3, 255]].tolist() == [[0, 0, 0], [0, 0, 142], [250, 170, 30], [0, 0, 0]]
    np.testing.assert_array_equal(streets[2], palette(3)[1])
    np.testing.assert_array_equal(streets, cityscapes_palette(("car", "dog", "traffic_light"), palette(3)))
    np.testing.assert_array_equal(label_palette("distinct", NAMES)[1:3], palette(2))
    with pytest.raises(ValueError, match="choose one of distinct, voc, cityscapes"):
        label_palette("ade", NAMES)


def test_drawing_colors_the_classes_and_leaves_the_background():
    labels = np.zeros((120, 160), np.uint8)
    labels[20:100, 10:60], labels[20:100, 90:150] = 1, 2
    image = np.full((120, 160, 3), 90, np.uint8)
    drawn = LabelMap(labels, NAMES).draw(image, labels=False)
    assert (image == 90).all() and drawn.shape == image.shape and drawn.dtype == np.uint8
    assert (drawn[:10] == 90).all() and (drawn[:, 70:80] == 90).all()
    for column, color in ((35, palette(2)[0]), (120, palette(2)[1])):
        toward = drawn[60, column].astype(int) - 90
        assert (np.sign(toward) == np.sign(color.astype(int) - 90)).all()
    streets = LabelMap(labels, NAMES).draw(image, palette="cityscapes", labels=False)
    assert streets[60, 35].tolist() != drawn[60, 35].tolist()


def test_names_are_written_on_the_largest_part_of_a_class():
    labels = np.zeros((200, 300), np.uint8)
    labels[5:15, 5:15], labels[100:190, 150:290] = 1, 1
    image = np.full((200, 300, 3), 90, np.uint8)
    found = LabelMap(labels, NAMES)
    written = (found.draw(image) != found.draw(image, labels=False)).any(axis=-1)
    rows, columns = np.nonzero(written)
    assert written.any() and rows.min() > 60 and columns.min() >= 150


def test_ignored_pixels_of_the_ground_truth_are_shown_as_such():
    labels = np.zeros((60, 80), np.uint8)
    labels[10:50, 10:70] = IGNORE
    image = np.full((60, 80, 3), 90, np.uint8)
    drawn = LabelMap(labels, NAMES).draw(image, labels=False)
    assert (drawn[30, 40] > 90).all() and (drawn[:5] == 90).all()


def test_an_image_of_another_size_is_refused():
    with pytest.raises(ValueError, match="these labels are of one"):
        label_map([0, 1]).draw(np.zeros((5, 5, 3), np.uint8))
