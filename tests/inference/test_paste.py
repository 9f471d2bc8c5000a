import numpy as np
import pytest

from inference.paste import expand_box, paste_mask


def test_the_box_grows_by_the_border_and_is_truncated():
    # M = 28: factor 30/28, so a box of 28 px becomes 30 px about the center 24; of 14 px at 17: half 7.5.
    assert expand_box(np.array([10, 10, 38, 38]), 28) == (9, 9, 39, 39)
    assert expand_box(np.array([10, 10, 24, 24]), 28) == (9, 9, 24, 24)
    # Truncated towards zero, not floored: the center 0 of a box of 14 px gives -7.5 → -7.
    assert expand_box(np.array([-7, -7, 7, 7]), 28) == (-7, -7, 7, 7)


def test_a_mask_of_ones_fills_its_box_and_nothing_else():
    # The 28 px box becomes 9…39 with 31 pixels for 30 samples; the samples beside the border fall under 1/2 within it.
    pasted = paste_mask(np.ones((28, 28)), np.array([10, 10, 38, 38]), 50, 60)
    expected = np.zeros((50, 60), np.uint8)
    expected[10:39, 10:39] = 1
    np.testing.assert_array_equal(pasted, expected)
    assert pasted.dtype == np.uint8


def test_values_between_two_samples_are_bilinear():
    # M = 2, box 0…4: grown to center 2 ± 4 → -2…6, 9 pixels for 4 samples; image pixel j is j + 2 of them, so it lies
    # at (j + 2.5) * 4/9 - 0.5 = 0.611, 1.056, 1.5, 1.944, 2.389, 2.833 for j = 0…5.
    # The left column of samples is 1: at sample 1 the value is 1, at 0 (border) and at 2 it is 0.
    mask = np.array([[1.0, 0.0], [1.0, 0.0]])
    values = np.array([0.611, 0.944, 0.5, 0.056, 0.0, 0.0])
    for threshold in (0.04, 0.3, 0.55, 0.7, 0.95):
        row = paste_mask(mask, np.array([0, 0, 4, 4]), 6, 6, threshold)[2]
        # Row 2 lies at 1.5, halfway between two samples of the same values.
        np.testing.assert_array_equal(row, values > threshold)


def test_a_half_mask_keeps_its_half_on_its_side():
    mask = np.zeros((28, 28))
    mask[:, :14] = 1
    pasted = paste_mask(mask, np.array([10, 10, 38, 38]), 50, 50)
    assert pasted[24, 10:24].all()
    assert not pasted[24, 25:].any()
    upright = paste_mask(mask.T, np.array([10, 10, 38, 38]), 50, 50)
    np.testing.assert_array_equal(upright, pasted.T)


@pytest.mark.parametrize("box", [(-14, -7, 14, 21), (30, 35, 58, 63), (-14, 10, 70, 24)])
def test_a_box_partly_outside_is_the_crop_of_the_same_box_inside(box):
    # The boxes are chosen so that no negative corner of the grown box has a fraction, which truncates the other way.
    box, mask = np.array(box), np.random.default_rng(0).random((28, 28))
    assert [value - 100 for value in expand_box(box + 100, 28)] == list(expand_box(box, 28))
    whole = paste_mask(mask, box + 100, 300, 300)
    np.testing.assert_array_equal(paste_mask(mask, box, 50, 50), whole[100:150, 100:150])


@pytest.mark.parametrize("box", [(60, 60, 80, 80), (-40, 5, -10, 20), (5, 5, 5e8, -5e8), (1e9, 0, 2e9, 10)])
def test_a_box_outside_the_image_or_turned_over_gives_an_empty_mask(box):
    assert paste_mask(np.ones((28, 28)), np.array(box), 50, 50).sum() == 0


def test_a_huge_box_costs_no_memory():
    pasted = paste_mask(np.ones((28, 28)), np.array([-1e7, -1e7, 1e7, 1e7]), 40, 30)
    assert pasted.shape == (40, 30)
    assert pasted.all()


def test_a_one_pixel_box_gives_its_pixel():
    pasted = paste_mask(np.ones((28, 28)), np.array([5, 5, 6, 6]), 10, 10)
    # 30/28 about 5.5 is 4.96…6.04 → 4…6: three pixels at the samples 4.5, 14.5 and 24.5, all inside the border.
    assert pasted.sum() == 9
    assert pasted[4:7, 4:7].all()


def test_a_box_without_extent_gives_one_pixel():
    pasted = paste_mask(np.ones((28, 28)), np.array([5.2, 5.2, 5.2, 5.2]), 10, 10)
    assert pasted.sum() == 1
    assert pasted[5, 5] == 1


def test_the_result_is_in_fortran_order():
    assert paste_mask(np.ones((28, 28)), np.array([5, 5, 9, 9]), 10, 12).flags.f_contiguous


@pytest.mark.parametrize("box", [(0, 0, np.nan, 4), (0, 0, np.inf, 4), (0, 0, 4)])
def test_a_box_of_other_than_four_finite_numbers_is_an_error(box):
    with pytest.raises(ValueError, match="four finite numbers"):
        paste_mask(np.ones((28, 28)), np.array(box), 10, 10)


def test_a_mask_that_is_not_square_is_an_error():
    with pytest.raises(ValueError, match=r"\(28, 14\)"):
        paste_mask(np.ones((28, 14)), np.array([0, 0, 4, 4]), 10, 10)
