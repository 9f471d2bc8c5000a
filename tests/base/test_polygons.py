"""Masks ↔ polygons on the edges of pixels: exact both ways, with holes, parts, and corners that touch."""

import cv2
import numpy as np
import pytest
from faster_coco_eval import mask as coco_mask

from base import rle
from base.polygons import bridged, joined, outlines, rasterize


def mask_of(text):
    return np.array([[character == "#" for character in line] for line in text.split()], np.uint8)


def random_mask(seed):
    """Noise, thin lines, blobs with holes, and cut-outs at the edges of the image, by turns."""
    random = np.random.default_rng(seed)
    height, width = random.integers(1, 40, 2)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(random.integers(1, 6)):
        points = random.integers(-3, 43, (4, 2)).tolist()
        cv2.line(mask, points[0], points[1], 1)
        cv2.circle(mask, points[2], int(random.integers(1, 15)), 1, -1)
        cv2.circle(mask, points[3], int(random.integers(1, 6)), 0, -1)
    return mask if seed % 3 else (random.random((height, width)) < random.random()).astype(np.uint8)


def filled(polygons, mask):
    return rle.decode(rasterize(polygons, *mask.shape))


def of_coco(polygons, mask):
    """The union that readers of COCO's format see."""
    return coco_mask.decode(
        coco_mask.merge(coco_mask.frPyObjects([p.reshape(-1).tolist() for p in polygons], *mask.shape))
    )


def area(polygon):
    x, y = polygon.T
    return (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def test_a_pixel_is_a_square():
    (part,) = outlines(mask_of("... ..# ..."))
    assert part.outer.tolist() == [[2, 1], [3, 1], [3, 2], [2, 2]] and part.holes == ()


def test_a_hole_runs_against_its_outline():
    (part,) = outlines(mask_of("#### #..# ####"))
    assert part.outer.tolist() == [[0, 0], [4, 0], [4, 3], [0, 3]]
    assert [hole.tolist() for hole in part.holes] == [[[1, 1], [1, 2], [3, 2], [3, 1]]]


def test_pixels_that_touch_at_a_corner_are_one_part_both_ways():
    for text in ("#. .#", ".# #."):
        (part,) = outlines(mask_of(text))
        assert len(part.outer) == 8 and area(part.outer) == 2
    (diamond,) = outlines(mask_of(".#. #.# .#."))
    assert area(diamond.outer) == 5 and [area(hole) for hole in diamond.holes] == [-1]


def test_an_island_in_a_hole_is_a_part():
    mask = mask_of("##### #...# #.#.# #...# #####")
    parts = outlines(mask)
    assert [area(part.outer) for part in parts] == [25, 1] and [len(part.holes) for part in parts] == [1, 0]
    np.testing.assert_array_equal(filled([ring for part in parts for ring in part.rings], mask), mask)


def test_an_empty_mask_has_no_parts():
    assert outlines(np.zeros((3, 4))) == []
    assert rle.area(rasterize([], 3, 4)) == 0
    with pytest.raises(ValueError, match="the mask is empty"):
        joined([])


@pytest.mark.parametrize("seed", range(150))
def test_every_form_gives_the_mask_back(seed):
    mask = random_mask(seed)
    parts = outlines(mask)
    np.testing.assert_array_equal(filled([ring for part in parts for ring in part.rings], mask), mask)
    np.testing.assert_array_equal(of_coco([bridged(part) for part in parts], mask) if parts else 0 * mask, mask)
    if parts:
        one = joined(parts)
        np.testing.assert_array_equal(filled([one], mask), mask)
        np.testing.assert_array_equal(of_coco([one], mask), mask)
    assert len(parts) == cv2.connectedComponents(mask, connectivity=8)[0] - 1
    assert sum(area(ring) for part in parts for ring in part.rings) == mask.sum()


@pytest.mark.parametrize("seed", range(20))
def test_cut_lines_to_holes_are_inside_of_the_object(seed):
    """OpenCV draws the outline too, from pixel to pixel: nothing may be drawn where the nearest pixels are none."""
    mask = cv2.resize(random_mask(seed), None, fx=4, fy=4, interpolation=cv2.INTER_NEAREST)
    grown = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    for part in outlines(mask):
        drawn = np.zeros_like(mask)
        cv2.polylines(drawn, [bridged(part).astype(np.int32)], True, 1)
        assert not (drawn & ~grown & 1).any()


def test_coordinates_written_with_few_digits_are_exact_too():
    mask = np.tile(random_mask(1), (9, 13))[:200, :300]
    size = np.array(mask.shape[::-1])
    read = np.round(joined(outlines(mask)) / size, 6) * size
    np.testing.assert_array_equal(filled([read], mask), mask)


def test_a_simplified_outline_is_near_the_exact_one():
    mask = np.zeros((200, 300), np.uint8)
    cv2.circle(mask, (150, 100), 80, 1, -1)
    cv2.circle(mask, (150, 100), 30, 0, -1)
    (exact,), (simple,) = outlines(mask), outlines(mask, tolerance=1.5)
    assert len(simple.outer) * 10 < len(exact.outer) and len(simple.holes) == 1
    line = np.zeros_like(mask)
    cv2.polylines(line, [ring.astype(np.int32) for ring in exact.rings], True, 1, thickness=5)
    differs = filled(simple.rings, mask) != mask
    assert differs.any() and not (differs & (line == 0)).any()
    assert np.mean(filled([bridged(simple)], mask) != filled(simple.rings, mask)) < 1e-3


def test_what_would_vanish_stays_exact():
    (part,) = outlines(mask_of("... .#. ..."), tolerance=5)
    assert len(part.outer) == 4


@pytest.mark.parametrize(
    "polygon", [np.zeros((2, 2)), np.zeros(6), np.full((3, 2), np.nan), np.full((3, 2), 1e7), np.zeros((3, 3))]
)
def test_wrong_polygons_are_errors(polygon):
    with pytest.raises(ValueError, match="a polygon"):
        rasterize([polygon], 4, 5)
