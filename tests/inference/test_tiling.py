"""Tiles: where they are, and what becomes of objects that seams cut."""

import itertools

import numpy as np
import pytest

from inference.detections import Detections
from inference.merge_tiles import merge_tiles
from inference.steps import Steps
from inference.tiling import Tiling, spans
from tests.inference.exact_task import INPUT, SPEC, block, predicted, regions, scene
from tests.inference.test_stream import FirstPixel
from utils.errors import UserError

TILES = Tiling(whole=False)


def ellipse(height, width, x, y, a, b):
    rows, columns = np.ogrid[:height, :width]
    return ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 <= 1


def test_spans_cover_the_length_evenly_and_overlap():
    assert spans(50, 64, 0.2) == [(0, 50)]
    assert spans(64, 64, 0.2) == [(0, 64)]
    assert spans(65, 64, 0.2) == [(0, 64), (1, 65)]
    # 115 pixels need two spans of 64 that share 13, a fifth.
    assert spans(115, 64, 0.2) == [(0, 64), (51, 115)]
    assert spans(116, 64, 0.2) == [(0, 64), (26, 90), (52, 116)]
    assert spans(10, 3, 0) == [(0, 3), (2, 5), (5, 8), (7, 10)]
    for length in range(65, 700, 31):
        found = spans(length, 64, 0.25)
        assert found[0][0] == 0 and found[-1][1] == length
        assert all(before[1] - after[0] >= 16 for before, after in itertools.pairwise(found))


def test_the_windows_of_an_image():
    assert TILES.windows((64, 64), (64, 64)) == [(0, 0, 64, 64)]
    assert Tiling().windows((64, 100), (64, 64)) == [(0, 0, 100, 64), (0, 0, 64, 64), (36, 0, 100, 64)]
    assert len(TILES.windows((115, 115), (64, 64))) == 4
    assert Tiling(size=200).windows((180, 200), (64, 64)) == [(0, 0, 200, 180)]
    assert TILES.windows((40, 115), (64, 64)) == [(0, 0, 64, 40), (51, 0, 115, 40)]


def test_several_sizes_give_the_tiles_of_each():
    both = Tiling(size=(64, 40, 64), overlap=0)
    assert both.windows((64, 64), (48, 48)) == [
        (0, 0, 64, 64), (0, 0, 40, 40), (24, 0, 64, 40), (0, 24, 40, 64), (24, 24, 64, 64),
    ]  # fmt: skip
    larger = both.windows((64, 100), (48, 48))
    assert larger[:3] == [(0, 0, 100, 64), (0, 0, 64, 64), (36, 0, 100, 64)]
    assert larger[3:] == Tiling(size=40, overlap=0, whole=False).windows((64, 100), (48, 48))
    assert Tiling(size=(90, 80), whole=False).windows((64, 64), (48, 48)) == [(0, 0, 64, 64)]


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": (64, 0)}, {"overlap": 0.95}, {"overlap": -0.1}, {"threshold": 0}]
)
def test_settings_out_of_range_are_errors(wrong):
    with pytest.raises(ValueError, match="Tiling received"):
        Tiling(**wrong)


def test_an_object_cut_in_four_is_one_with_the_exact_mask():
    mask = ellipse(115, 115, 57, 58, 30, 22)
    found = predicted(scene(115, 115, (0, mask)), TILES)
    assert len(found) == 1 and found.class_names == ["red"] and found.category_ids == (5, 9)
    np.testing.assert_array_equal(found.pixels()[0], mask)
    np.testing.assert_array_equal(found.boxes, [[27, 36, 88, 81]])


def test_an_object_much_longer_than_a_tile_is_one():
    """Its parts share less than half of the smaller one, so that a comparison with whole parts would miss them."""
    mask = ellipse(64, 500, 250, 32, 245, 14)
    found = predicted(scene(64, 500, (1, mask)), TILES)
    assert len(found) == 1 and found.class_names == ["green"]
    np.testing.assert_array_equal(found.pixels()[0], mask)


def test_an_object_that_is_whole_in_a_tile_is_there_once():
    """Some are in the overlap and so in several tiles, others are cut by one tile and whole in its neighbor."""
    shapes = [(n % 2, ellipse(300, 420, 20 + 40 * (n % 10), 20 + 42 * (n // 10), 6 + n % 7, 9)) for n in range(70)]
    image = scene(300, 420, *shapes)
    found, expected = predicted(image, TILES), regions(image)
    assert len(found) == len(expected) == 70
    assert sorted(mask["counts"] for mask in found.masks) == sorted(mask["counts"] for mask in expected.masks)
    assert (np.diff(found.scores) <= 0).all()


def test_objects_that_touch_the_same_seam_stay_two():
    above, below = ellipse(115, 115, 57, 30, 25, 9), ellipse(115, 115, 57, 52, 25, 9)
    image = scene(115, 115, (0, above), (0, below), (1, ellipse(115, 115, 57, 80, 25, 9)))
    found = predicted(image, TILES)
    assert sorted(found.class_names) == ["green", "red", "red"]
    assert {mask["counts"] for mask in found.masks} == {mask["counts"] for mask in regions(image).masks}


def test_the_whole_image_gives_what_is_larger_than_a_tile():
    mask = ellipse(160, 160, 80, 80, 70, 60)
    image = scene(160, 160, (0, mask), (1, ellipse(160, 160, 8, 8, 5, 5)))
    found = predicted(image, Tiling())
    assert sorted(found.class_names) == ["green", "red"]
    large = found.of_classes("red").pixels()[0]
    assert (large & mask).sum() / (large | mask).sum() > 0.95


def test_a_small_image_is_predicted_at_once():
    image = scene(50, 60, (0, ellipse(50, 60, 30, 25, 9, 9)))
    assert predicted(image, Tiling()).masks == predicted(image).masks


def part(window, *objects):
    """Detections of a window, from (score, class, xyxy in pixels of the image)."""
    x0, y0, x1, y1 = window
    size = (y1 - y0, x1 - x0)
    moved = [np.array(box) - (x0, y0, x0, y0) for _, _, box in objects]
    return Detections(
        size,
        SPEC.classes,
        np.array(moved, np.float32).reshape(-1, 4),
        np.array([one[0] for one in objects], np.float32),
        np.array([one[1] for one in objects], int),
        tuple(block(size, *map(int, box)) for box in moved),
        SPEC.category_ids,
    )


LEFT, RIGHT, SIZE = (0, 0, 60, 50), (40, 0, 100, 50), (50, 100)


def merged(left, right):
    found = merge_tiles([part(LEFT, *left), part(RIGHT, *right)], [LEFT, RIGHT], SIZE, Tiling())
    rows = zip(found.scores, found.classes, found.boxes.tolist(), found.masks, strict=True)
    return [(round(float(score), 2), int(label), box, mask) for score, label, box, mask in rows]


def test_parts_are_united_with_the_better_score():
    expected = [(0.8, 1, [20, 10, 90, 30], block(SIZE, 20, 10, 90, 30))]
    assert merged([(0.6, 1, (20, 10, 60, 30))], [(0.8, 1, (40, 10, 90, 30))]) == expected


def test_parts_of_two_classes_or_that_do_not_agree_stay_apart():
    assert len(merged([(0.6, 1, (20, 10, 60, 30))], [(0.8, 2, (40, 10, 90, 30))])) == 2
    # In the 20 columns that both see, one has the rows 10 to 30 and the other 26 to 46: they share a fifth.
    assert len(merged([(0.6, 1, (20, 10, 60, 30))], [(0.8, 1, (40, 26, 90, 46))])) == 2


def test_a_part_is_dropped_where_the_neighbor_has_the_object():
    whole = (45, 10, 90, 30)
    # The part is wrong by two rows, and has the better score: nothing of it is left all the same.
    found = merged([(0.9, 1, (45, 8, 60, 30))], [(0.7, 1, whole)])
    assert found == [(0.7, 1, list(map(float, whole)), block(SIZE, *whole))]


def test_of_an_object_that_two_windows_have_whole_the_better_stays():
    found = merged([(0.7, 1, (44, 10, 56, 30))], [(0.9, 1, (44, 11, 56, 31))])
    assert [one[:3] for one in found] == [(0.9, 1, [44, 11, 56, 31])]


def test_what_one_window_has_twice_is_two_objects():
    """The network has decided that already: a cup in front of a larger one."""
    assert len(merged([(0.9, 1, (5, 5, 30, 30)), (0.8, 1, (10, 10, 20, 20))], [])) == 2


def test_a_small_whole_object_does_not_hide_a_large_one_that_is_cut():
    large = block(SIZE, 10, 5, 95, 45)
    found = merged([(0.6, 1, (10, 5, 60, 45)), (0.9, 1, (45, 20, 55, 30))], [(0.7, 1, (40, 5, 95, 45))])
    assert [one[3] for one in found] == [block(SIZE, 45, 20, 55, 30), large]


def test_a_better_piece_inside_a_large_cut_object_gives_it_its_score():
    """The piece is in the right window alone, the large object is joined from windows without it."""
    middle, size = (40, 0, 100, 50), (50, 140)
    windows = [(0, 0, 60, 50), middle, (80, 0, 140, 50), (50, 0, 70, 50)]
    parts = [
        part(windows[0], (0.5, 1, (10, 5, 60, 45))),
        part(middle, (0.6, 1, (40, 5, 100, 45))),
        part(windows[2], (0.4, 1, (80, 5, 130, 45))),
        part(windows[3], (0.9, 1, (55, 10, 65, 20))),
    ]
    found = merge_tiles(parts, windows, size, Tiling())
    assert found.masks == (block(size, 10, 5, 130, 45),) and found.scores.tolist() == [np.float32(0.9)]


def test_windows_without_objects_give_none():
    found = merge_tiles([part(LEFT), part(RIGHT)], [LEFT, RIGHT], SIZE, Tiling())
    assert len(found) == 0 and found.size == SIZE and found.boxes.shape == (0, 4)


def test_a_task_that_cannot_merge_is_refused_at_once():
    with pytest.raises(UserError, match="FirstPixel has no merge_tiles"):
        Steps(FirstPixel(), SPEC, dict, 1, tiling=Tiling())


def test_a_large_image_with_many_objects():
    """3000×2000 pixels with 500 objects; many are cut."""
    rng = np.random.default_rng(0)
    size, found = (2000, 3000), []
    tiling = Tiling(size=640, whole=False)
    windows = tiling.windows(size, (INPUT, INPUT))
    corners = [(120 * (number % 25), 100 * (number // 25)) for number in range(500)]
    boxes = [(x, y, x + int(rng.integers(40, 110)), y + int(rng.integers(40, 90))) for x, y in corners]
    for x0, y0, x1, y1 in windows:
        seen = [(max(a, x0), max(b, y0), min(c, x1), min(d, y1)) for a, b, c, d in boxes]
        found.append(part((x0, y0, x1, y1), *[(0.9, 1, box) for box in seen if box[0] < box[2] and box[1] < box[3]]))
    result = merge_tiles(found, windows, size, tiling)
    assert sorted(map(tuple, result.boxes.astype(int).tolist())) == sorted(boxes)
    assert result.areas.tolist() == np.prod(result.boxes[:, 2:] - result.boxes[:, :2], axis=1).tolist()
