import numpy as np
import pytest

from inference.drawing import Look, grid, overlay, palette, side_by_side

NAMES = ("cat", "dog", "bird", "american_pit_bull_terrier_with_a_very_long_name")


def gray(height=120, width=160):
    return np.full((height, width, 3), 128, np.uint8)


def one(box, shape=(120, 160)):
    mask = np.zeros((1, *shape), np.uint8)
    x0, y0, x1, y1 = box
    mask[0, y0:y1, x0:x1] = 1
    return np.array([box], np.float32), mask


def test_colors_are_distinct_and_a_larger_palette_begins_with_the_smaller():
    colors = palette(60)
    assert colors.dtype == np.uint8
    assert len({tuple(color) for color in colors.tolist()}) == 60
    np.testing.assert_array_equal(palette(7), colors[:7])
    distance = np.linalg.norm(colors[:40, None].astype(float) - colors[None, :40], axis=-1) + 999 * np.eye(40)
    assert distance.min() > 20
    assert palette(0).shape == (0, 3)


def test_more_classes_than_colors_begin_the_palette_anew():
    box = np.array([[40, 50, 100, 100]], np.float32)
    drawn = [overlay(gray(), box, np.array([label]), ["x"] * 1203) for label in (1, 1001)]
    np.testing.assert_array_equal(*drawn)


def test_the_fill_lies_inside_the_mask_and_the_image_outside_is_untouched():
    image, (boxes, masks) = gray(), one((40, 50, 100, 100))
    drawn = overlay(image, boxes, np.array([1]), NAMES, masks, look=Look(palette=np.array([[255, 0, 0]], np.uint8)))
    # 38 % of red over gray, away from the outline and the label.
    np.testing.assert_allclose(drawn[80, 70], (176, 79, 79), atol=1)
    outside = np.ones((120, 160), bool)
    outside[25:104, 36:] = False  # the object with its outline, and its label above
    np.testing.assert_array_equal(drawn[outside], image[outside])
    assert (image == 128).all()


def test_the_outline_is_at_the_edge_of_the_mask():
    boxes, masks = one((40, 50, 100, 100))
    far = boxes + np.array([-30, -40, 30, 15])  # the box is drawn elsewhere
    drawn = overlay(gray(), far, np.array([1]), NAMES, masks, look=Look(palette=np.array([[255, 0, 0]], np.uint8)))
    red = drawn[75, :, 0].astype(int)
    assert red[40] > 200 or red[39] > 200
    assert red[55] < 185
    assert red[30] == 128


def test_padding_and_images_without_objects_draw_nothing():
    image = gray()
    boxes, masks = one((40, 50, 100, 100))
    np.testing.assert_array_equal(overlay(image, boxes, np.array([0]), NAMES, masks, np.array([0.9])), image)
    nothing = overlay(image, np.zeros((0, 4)), np.zeros(0, int), NAMES, np.zeros((0, 120, 160)))
    np.testing.assert_array_equal(nothing, image)
    empty = overlay(image, boxes, np.array([1]), NAMES, masks * 0)  # a box and a label, no fill
    np.testing.assert_array_equal(empty[55:95, 45:95], image[55:95, 45:95])


def letters(box, label):
    """(N, 2) the row and column of every pixel of the label's white letters."""
    magenta = np.array([[250, 0, 250]], np.uint8)
    boxes = np.array([box], np.float32)
    drawn = overlay(gray(), boxes, np.array([label]), NAMES, scores=np.array([0.5]), look=Look(palette=magenta))
    return np.argwhere((drawn > 240).all(-1))


@pytest.mark.parametrize("box", [(0, 0, 10, 8), (150, 110, 160, 120), (0, 110, 160, 120), (-30, -30, -5, -5)])
def test_labels_stay_whole_inside_the_image(box):
    free = letters((50, 50, 120, 100), 1)
    at_edge = letters(box, 1)
    assert len(free) > 30
    np.testing.assert_array_equal(at_edge - at_edge.min(0), free - free.min(0))


@pytest.mark.parametrize("box", [(0, 0, 10, 8), (150, 110, 160, 120)])
def test_a_name_wider_than_the_image_is_cut_and_not_run_over_the_edge(box):
    columns = letters(box, 4)[:, 1]
    assert 2 <= columns.min() <= 10
    assert 140 <= columns.max() <= 157


def test_labels_of_two_objects_at_one_place_do_not_cover_each_other():
    boxes = np.array([[40, 50, 120, 100], [40, 50, 120, 100]], np.float32)
    colors = np.array([[250, 0, 250], [0, 250, 0]], np.uint8)
    drawn = overlay(
        gray(), boxes, np.array([1, 2]), NAMES, scores=np.array([0.9, 0.8]), look=Look(palette=colors)
    ).astype(int)
    grounds = [(np.abs(drawn - np.array(color) * 0.94 - 128 * 0.06).max(-1) <= 1).sum() for color in colors]
    assert min(grounds) > 150


def test_colors_go_by_object_for_few_classes_and_by_class_for_many():
    boxes = np.array([[10, 40, 60, 90], [90, 40, 140, 90]], np.float32)
    masks = np.concatenate([one((10, 40, 60, 90))[1], one((90, 40, 140, 90))[1]])
    for names, same in ((NAMES[:2], False), (NAMES, True)):
        drawn = overlay(gray(), boxes, np.array([2, 2]), names, masks)
        assert (drawn[75, 35] == drawn[75, 115]).all() == same


def test_lines_grow_with_the_image():
    def share(factor):
        boxes, masks = one(tuple(factor * v for v in (40, 50, 100, 100)), (120 * factor, 160 * factor))
        drawn = overlay(gray(120 * factor, 160 * factor), boxes, np.array([1]), NAMES, masks)
        return np.any(drawn != 128, axis=-1).mean()

    assert share(8) == pytest.approx(share(4), rel=0.1)


def test_a_small_object_upon_a_large_one_stays_visible_in_either_order():
    boxes = np.array([[10, 10, 150, 110], [60, 50, 90, 80]], np.float32)
    masks = np.concatenate([one((10, 10, 150, 110))[1], one((60, 50, 90, 80))[1]])
    colors = palette(4)
    ahead = overlay(gray(), boxes, np.array([1, 2]), NAMES, masks, look=Look(palette=colors))
    behind = overlay(gray(), boxes[::-1], np.array([2, 1]), NAMES, masks[::-1], look=Look(palette=colors))
    np.testing.assert_array_equal(ahead[65:78, 62:88], behind[65:78, 62:88])


def test_wrong_images_and_masks_are_errors():
    boxes, masks = one((40, 50, 100, 100))
    with pytest.raises(ValueError, match="uint8 RGB"):
        overlay(gray().astype(np.float32), boxes, np.array([1]), NAMES)
    with pytest.raises(ValueError, match="paste them first"):
        overlay(gray(), boxes, np.array([1]), NAMES, masks[:, :50])


def test_a_grid_holds_every_image_whole_in_its_cell():
    images = [np.full((10 + 4 * i, 20, 3), 10 * i, np.uint8) for i in range(5)]
    sheet = grid(images, 2)
    # Rows as high as 14, 22 and 26 px, two gaps of 2 px; two columns of 20 px and one gap.
    assert sheet.shape == (14 + 22 + 26 + 4, 42, 3)
    for index, image in enumerate(images):
        assert (sheet == 10 * index).all(-1).sum() == image.shape[0] * 20
    np.testing.assert_array_equal(sheet[2:12, :20], images[0])
    assert (sheet[-26:, 22:] == 255).all()
    assert grid(images[:1], 4).shape == images[0].shape


def test_a_grid_of_nothing_is_an_error():
    with pytest.raises(ValueError, match="0 images"):
        grid([], 2)


def test_titles_stand_above_and_the_images_stay_as_they_are():
    left, right = np.full((80, 100, 3), 10, np.uint8), np.full((80, 100, 3), 20, np.uint8)
    plain = side_by_side(left, right)
    assert plain.shape == (80, 202, 3)
    titled = side_by_side(left, right, ("prediction", "ground truth"))
    np.testing.assert_array_equal(titled[-80:], plain)
    band = titled[:-80]
    assert (band < 100).any()
    assert (band[:, 100:102] == 255).all()
