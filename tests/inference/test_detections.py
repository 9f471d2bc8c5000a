"""Objects of an image: what they print, how they are chosen and what they convert to, worked out by hand."""

import json
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO

from base import rle
from base.rle import Rle
from base.runs import Crop, encode_crop
from inference.detections import Detections
from inference.drawing import palette
from utils.errors import UserError

NAMES, IDS = ("cup", "fork", "spoon"), (3, 7, 90)
HEIGHT, WIDTH = 20, 30


def block(x0: int, y0: int, x1: int, y1: int) -> Rle:
    """The mask of a rectangle."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[y0:y1, x0:x1] = 1
    return rle.encode(mask)


def three_objects() -> Detections:
    """A spoon of 10×8 pixels, a cup of 4×4 that overlaps it and a fork of 2×10; boxes are not quite tight."""
    boxes = np.array([[2, 1, 12, 9], [10, 7, 14, 11], [24.004, 5.5, 26, 15.251]], np.float32)
    masks = (block(2, 1, 12, 9), block(10, 7, 14, 11), block(24, 5, 26, 15))
    scores = np.array([0.9, 0.75, 0.3333333], np.float32)
    return Detections((HEIGHT, WIDTH), NAMES, boxes, scores, np.array([3, 1, 2]), masks, IDS)


def test_cocos_results_have_the_data_sets_own_ids_and_are_rounded():
    found = three_objects().to_coco(17)
    assert [one["category_id"] for one in found] == [90, 3, 7]
    assert found[2] == {
        "image_id": 17,
        "category_id": 7,
        "bbox": [24.0, 5.5, 2.0, 9.75],
        "segmentation": block(24, 5, 26, 15),
        "score": 0.333333,
    }


def test_pycocotools_loads_cocos_results():
    truth = COCO()
    truth.dataset = {
        "images": [{"id": 17, "height": HEIGHT, "width": WIDTH}],
        "categories": [{"id": number, "name": name} for number, name in zip(IDS, NAMES, strict=True)],
        "annotations": [],
    }
    truth.createIndex()
    loaded = truth.loadRes(json.loads(json.dumps(three_objects().to_coco(17))))
    assert [truth.cats[one["category_id"]]["name"] for one in loaded.dataset["annotations"]] == ["spoon", "cup", "fork"]
    masks = [loaded.annToMask(one) for one in loaded.dataset["annotations"]]
    np.testing.assert_array_equal(masks, three_objects().pixels())


def test_ids_count_from_1_where_none_are_given():
    found = three_objects()
    plain = Detections(found.size, NAMES, found.boxes, found.scores, found.classes, found.masks)
    assert [one["category_id"] for one in plain.to_coco(1)] == [3, 1, 2]


def test_they_print_themselves():
    assert repr(three_objects()).splitlines() == [
        "3 objects in 30×20 pixels",
        "  spoon 0.90 at 2, 1, 12, 9",
        "  cup 0.75 at 10, 7, 14, 11",
        "  fork 0.33 at 24, 6, 26, 15",
    ]
    assert str(three_objects().take([1])).startswith("1 object in")
    assert str(three_objects().take([])) == "0 objects in 30×20 pixels"


def test_choices():
    found = three_objects()
    assert found.of_classes("fork", "spoon").class_names == ["spoon", "fork"]
    assert found.of_classes().class_names == []
    assert found.at_least(0.75).class_names == ["spoon", "cup"]
    assert found.best(1).class_names == ["spoon"] and len(found.best(9)) == 3
    assert found.areas.tolist() == [80, 16, 20]
    assert found.of_area(most=20).class_names == ["cup", "fork"]
    assert found.of_area(least=17, most=79.5).class_names == ["fork"]
    # The centers are (7, 5), (12, 9) and (25, 10.4).
    assert found.within((7, 5, 12, 20)).class_names == ["spoon"]
    assert found.within((7.1, 0, 30, 20)).class_names == ["cup", "fork"]
    with pytest.raises(ValueError, match='no class "forks"; did you mean "fork"'):
        found.of_classes("forks")


def test_the_index_has_the_better_object_on_top():
    index = three_objects().to_index()
    assert index.dtype == np.int32 and index.shape == (HEIGHT, WIDTH)
    # The spoon keeps its 80 pixels, of the cup's 16 it hides 2×2.
    assert np.bincount(index.reshape(-1)).tolist() == [600 - 80 - 12 - 20, 80, 12, 20]
    assert (index[8, 11], index[8, 12], index[10, 24]) == (1, 2, 3)
    by_class = three_objects().to_index(by_class=True)
    np.testing.assert_array_equal(by_class, np.array([0, 3, 1, 2])[index])
    assert not three_objects().take([]).to_index().any()


def test_cut_outs_are_transparent_around_the_object():
    image = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    found = three_objects()
    cut = found.crop(image)
    assert [one.shape for one in cut] == [(8, 10, 4), (4, 4, 4), (10, 2, 4)]
    np.testing.assert_array_equal(cut[0][..., :3], image[1:9, 2:12])
    assert (cut[0][..., 3] == 255).all()
    wide = found.crop(image, pad=5)[2]  # from column 19 to the right edge, from row 0 to 20
    np.testing.assert_array_equal(wide[..., :3], image[0:20, 19:30])
    assert wide[..., 3].sum() == 20 * 255 and (wide[5:15, 5:7, 3] == 255).all()
    empty = replace(found, masks=(block(0, 0, 0, 0), *found.masks[1:]))
    assert [one.shape for one in empty.crop(image, pad=5)] == [(0, 0, 4), (14, 14, 4), (20, 11, 4)]
    with pytest.raises(ValueError, match=r"with \(height, width\) \(20, 30\)"):
        found.crop(image[1:])


def test_looks():
    image = np.full((HEIGHT * 8, WIDTH * 8, 3), (200, 60, 20), np.uint8)
    mask = np.zeros((HEIGHT * 8, WIDTH * 8), np.uint8)
    mask[40:120, 40:160] = 1
    box = np.array([[40, 40, 160, 120]], np.float32)
    found = Detections(mask.shape, NAMES, box, np.array([0.5], np.float32), np.array([2]), (rle.encode(mask),), IDS)
    bare = {"boxes": False, "labels": False, "scores": False}
    gray = found.draw(image, gray=True, **bare)
    np.testing.assert_array_equal(gray[80, 100], (200, 60, 20))
    assert np.ptp(gray[150, 200]) == 0 and np.ptp(gray[10, 10]) == 0
    assert (found.draw(image, **bare)[:20] == image[:20]).all(), "no label above the object"
    by_class, by_instance = found.draw(image, color="class", **bare), found.draw(image, color="instance", **bare)
    colors = palette(3).astype(int)
    for drawn, color in ((by_class, colors[1]), (by_instance, colors[0])):
        np.testing.assert_allclose(drawn[80, 100], 0.62 * image[0, 0] + 0.38 * color, atol=1)
    scored, named = found.draw(image, labels=False), found.draw(image, scores=False)
    assert 0 < (scored != found.draw(image, **bare)).sum() < (found.draw(image) != found.draw(image, **bare)).sum()
    assert (scored != named).any()
    with pytest.raises(ValueError, match="these objects are of one with"):
        found.draw(image[:-1])


def test_a_mask_of_a_large_image_takes_the_memory_of_the_object():
    """400 objects on 6000×4000 pixels: whole masks would be 9.6 GB."""
    size = (4000, 6000)
    masks = tuple(encode_crop(Crop(np.ones((20, 30)), 14 * n, 9 * n), size) for n in range(400))
    boxes = np.array([[14 * n, 9 * n, 14 * n + 30, 9 * n + 20] for n in range(400)], np.float32)
    found = Detections(size, ("a",), boxes, np.linspace(1, 0.1, 400), np.ones(400, int), masks)
    tracemalloc.start()
    crops = found.crops()
    index = found.to_index()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * index.nbytes + (8 << 20)
    assert crops[7].pixels.shape == (20, 30) and crops[7][1:] == (98, 63)
    assert index[0, 0] == 1 and index[3990, 5990] == 0 and len(np.unique(index)) == 401


def test_supervision_gets_boxes_masks_and_names():
    pytest.importorskip("supervision")
    found = three_objects().to_supervision()
    assert len(found) == 3 and found.class_id.tolist() == [2, 0, 1]
    np.testing.assert_array_equal(found.xyxy, three_objects().boxes)
    np.testing.assert_array_equal(found.mask, three_objects().pixels() == 1)
    assert found["class_name"].tolist() == ["spoon", "cup", "fork"] and found["category_id"].tolist() == [90, 3, 7]
    assert len(found[found.confidence > 0.5]) == 2
    assert len(three_objects().take([]).to_supervision()) == 0


def test_pandas_gets_a_row_for_each_object():
    pytest.importorskip("pandas")
    table = three_objects().to_pandas()
    assert table["class"].tolist() == ["spoon", "cup", "fork"] and table["area"].tolist() == [80, 16, 20]
    assert table.loc[2, ["category_id", "x", "y", "width", "height"]].tolist() == [7, 24.0, 5.5, 2.0, 9.75]
    assert list(three_objects().take([]).to_pandas().columns) == list(table.columns)


@pytest.mark.parametrize("package", ["supervision", "pandas"])
def test_an_extra_that_is_absent_is_named_with_its_installation(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f'{package} is not installed: pip install "{package}>='):
        getattr(three_objects(), f"to_{package}")()
