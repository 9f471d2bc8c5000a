"""Wrong images and annotations in COCO's format: each kind is named with its file and left out, all others are kept."""

import json
import os

import pytest

from base import rle
from tests.data_loader.coco.coco_folder import (
    SQUARE,
    all_records,
    annotation,
    coco_data,
    image,
    random_mask,
    rectangle,
    runs,
    write_coco,
)
from tests.data_loader.coco.wrong_folder import IDS, change, refused, text

POLYGON_FAR = [value for _ in range(2000) for value in (0, 0, 900_000, 900_000)]
"""Rasterizing it point by point would take 290 GB."""

SEGMENTATIONS = {
    "null": None,
    "missing": ...,
    "a number": 5,
    "a text": "10 5 30 5",
    "an empty list": [],
    "an empty object": {},
    "an empty polygon": [[]],
    "a polygon of 1 point": [[1, 2]],
    "a polygon of 2 points": [[1, 2, 3, 4]],
    "a polygon of 2 points beside a good one": [*SQUARE, [1, 2, 3, 4]],
    "an odd number of coordinates": [[*SQUARE[0], 5]],
    "a polygon without its list": SQUARE[0],
    "a polygon as pairs": [[[10, 5], [30, 5], [30, 25]]],
    "a polygon as an object": [{"x": 10, "y": 5}, {"x": 30, "y": 5}, {"x": 30, "y": 25}],
    "an object of polygons": {"0": SQUARE[0]},
    "coordinates as text": [[str(value) for value in SQUARE[0]]],
    "a coordinate null": [[*SQUARE[0][:-1], None]],
    "a coordinate a boolean": [[*SQUARE[0][:-1], True]],
    "a coordinate NaN": [[*SQUARE[0][:-1], float("nan")]],
    "a coordinate infinite": [[*SQUARE[0][:-1], float("-inf")]],
    "a coordinate huge": [[*SQUARE[0][:-1], 1e300]],
    "a coordinate of 400 digits": [[*SQUARE[0][:-1], 10**400]],
    "a polygon of no area": [[1, 1, 9, 9, 1, 1]],
    "a polygon outside": [rectangle(1000, 1000, 1010, 1010)],
    "a polygon left of the image": [rectangle(-50, 5, -10, 20)],
    "a polygon too long to fill": [POLYGON_FAR],
    "a list in lists": json.loads("[" * 200 + "]" * 200),
    "an RLE without size": {"counts": [2400]},
    "an RLE without counts": {"size": [40, 60]},
    "an RLE of width and height": {"size": [60, 40], "counts": [0, 2400]},
    "an RLE of another size": {"size": [80, 120], "counts": [0, 9600]},
    "an RLE of negative size": {"size": [-40, -60], "counts": [0, 2400]},
    "an RLE of no size": {"size": [0, 0], "counts": []},
    "an RLE with a size as text": {"size": "40x60", "counts": [0, 2400]},
    "an RLE without runs": {"size": [40, 60], "counts": []},
    "runs too few": {"size": [40, 60], "counts": [100, 50]},
    "runs too many": {"size": [40, 60], "counts": [1000, 1401]},
    "a run negative": {"size": [40, 60], "counts": [2500, -200, 100]},
    "a run huge": {"size": [40, 60], "counts": [0, 1 << 70]},
    "a run a fraction": {"size": [40, 60], "counts": [0.5, 2399.5]},
    "a run NaN": {"size": [40, 60], "counts": [0, float("nan")]},
    "a run a text": {"size": [40, 60], "counts": ["0", "2400"]},
    "a run a boolean": {"size": [40, 60], "counts": [True, 2399]},
    "runs as an object": {"size": [40, 60], "counts": {"0": 2400}},
    "packed runs cut off": {"size": [40, 60], "counts": rle.encode(random_mask(0))["counts"][:-3]},
    "packed runs cut off within one": {"size": [40, 60], "counts": "PP"},
    "packed runs that are negative": {"size": [40, 60], "counts": "O"},
    "packed runs of foreign characters": {"size": [40, 60], "counts": "Zürich"},
    "packed runs with a NUL": {"size": [40, 60], "counts": "0\x00"},
    "packed runs without end": {"size": [40, 60], "counts": "o" * 1_000_000},
    "an RLE of nothing": {"size": [40, 60], "counts": [2400]},
}
GOOD = annotation(77, 11, 7, SQUARE)
ANNOTATIONS = {
    "null": None,
    "a list": [77],
    "a text": "77",
    "an empty object": {},
    "no image_id": {key: value for key, value in GOOD.items() if key != "image_id"},
    "no category_id": {key: value for key, value in GOOD.items() if key != "category_id"},
    "an image_id that does not exist": GOOD | {"image_id": 12},
    "an image_id as text": GOOD | {"image_id": "11"},
    "an image_id as a fraction": GOOD | {"image_id": 11.0},
    "an image_id a list": GOOD | {"image_id": [11]},
    "an image_id huge": GOOD | {"image_id": 10**100},
    "a category_id that does not exist": GOOD | {"category_id": 1},
    "a category_id as text": GOOD | {"category_id": "7"},
    "a category_id a boolean": GOOD | {"category_id": True},
    "a category_id NaN": GOOD | {"category_id": float("nan")},
    "iscrowd a text": GOOD | {"iscrowd": "1"},
    "iscrowd 2": GOOD | {"iscrowd": 2},
    "iscrowd negative": GOOD | {"iscrowd": -1},
    "iscrowd a list": GOOD | {"iscrowd": [0]},
}
ANNOTATIONS |= {f"segmentation: {kind}": GOOD | {"segmentation": given} for kind, given in SEGMENTATIONS.items()}
del ANNOTATIONS["segmentation: missing"]["segmentation"]


@pytest.mark.parametrize("kind", ANNOTATIONS)
def test_a_wrong_annotation(folder, kind):
    listed = json.loads(text(folder))["annotations"]
    change(folder, annotations=[*listed, ANNOTATIONS[kind]])
    name = "77" if isinstance(ANNOTATIONS[kind], dict) and ANNOTATIONS[kind] else '"at position 3"'
    message = refused(folder, rf"1 of 4 annotations are broken[^\n]*\n  train\.json annotation {name}: ")
    assert len(message) < 1000
    kept = all_records(coco_data(folder, max_bad_fraction=0.25))
    assert [len(kept[number].objects) for number in IDS] == [1, 1, 1, 0]


NEXT = image(9)
IMAGES = {
    "null": None,
    "a list": [9],
    "a number": 9,
    "an empty object": {},
    "no id": {"file_name": "9.png"},
    "no file_name": {"id": 9},
    "an id as text": NEXT | {"id": "9"},
    "an id a boolean": NEXT | {"id": True},
    "an id negative": NEXT | {"id": -9},
    "an id a fraction": NEXT | {"id": 9.5},
    "an id NaN": NEXT | {"id": float("nan")},
    "an id huge": NEXT | {"id": 1 << 70},
    "a file_name null": NEXT | {"file_name": None},
    "a file_name a number": NEXT | {"file_name": 9},
    "a file_name empty": NEXT | {"file_name": ""},
    "a file_name of a folder": NEXT | {"file_name": "."},
    "a file_name that is not there": NEXT | {"file_name": "absent.png"},
    "a file_name in another case": NEXT | {"file_name": "9.PNG"},
    "a file_name above the folder": NEXT | {"file_name": "../images/9.png"},
    "a file_name from the root": NEXT | {"file_name": "/etc/hostname"},
    "a file_name with a NUL": NEXT | {"file_name": "9.png\0"},
    "a file_name that is no text": NEXT | {"file_name": "\udcff.png"},
    "a file_name too long": NEXT | {"file_name": "9" * 5000 + ".png"},
    "a file_name below a file": NEXT | {"file_name": "9.png/9.png"},
    "a file_name with a backslash": NEXT | {"file_name": "images\\9.png"},
    "height and width exchanged": NEXT | {"height": 60, "width": 40},
    "sizes negative": NEXT | {"height": -40, "width": -60},
    "sizes zero": NEXT | {"height": 0, "width": 0},
    "sizes as text": NEXT | {"height": "40", "width": "60"},
    "a size NaN": NEXT | {"height": float("nan")},
    "a size huge": NEXT | {"width": 10**300},
    "a size a list": NEXT | {"width": [60]},
    "an id given twice": NEXT | {"id": 5},
    "a file given twice": NEXT | {"file_name": "5.png"},
}


@pytest.mark.parametrize("kind", IMAGES)
def test_a_wrong_image(folder, kind):
    write_coco(folder, [], [NEXT], name="other.json")  # writes 9.png
    images = [image(number) for number in IDS]
    change(folder, images=[*images, IMAGES[kind]])
    message = refused(folder, r"1 of 5 images are broken[^\n]*\n  train\.json image ")
    assert len(message) < 1500
    assert sorted(all_records(coco_data(folder, max_bad_fraction=0.25))) == sorted(IDS)


def broken_png(claimed):
    """A header that claims a size, and nothing after it."""
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + claimed.to_bytes(4) * 2 + b"\x08\x02\0\0\0" + bytes(4)


IMAGE_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(10_000)),
    "a text": lambda path: path.write_text("9.png"),
    "a page of HTML": lambda path: path.write_text("<html><body>404 Not Found</body></html>"),
    "cut off in its header": lambda path: path.write_bytes(path.read_bytes()[:20]),
    "a header that claims 10 gigapixels": lambda path: path.write_bytes(broken_png(100_000)),
    "a header that claims no pixel": lambda path: path.write_bytes(broken_png(0)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to itself": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "a pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


@pytest.mark.parametrize("kind", IMAGE_FILES)
def test_a_wrong_image_file(folder, kind):
    IMAGE_FILES[kind](folder / "images" / "2.png")
    message = refused(folder, r'1 of 4 images are broken[^\n]*\n  train\.json image "2\.png": ')
    assert len(message) < 1000
    assert sorted(all_records(coco_data(folder, max_bad_fraction=0.25))) == sorted(set(IDS) - {2})


def test_annotations_of_one_id_are_both_kept_and_named(folder, caplog):
    change(
        folder, annotations=[annotation(1, 11, 7, SQUARE), annotation(1, 11, 3, SQUARE), annotation(1, 5, 3, SQUARE)]
    )
    kept = all_records(coco_data(folder))
    assert [len(kept[number].objects) for number in IDS] == [2, 1, 0, 0]
    assert (
        "train.json: 1 annotation ids are given several times, such as 1; all of these annotations are kept"
        in caplog.text
    )


def test_names_of_files_in_any_language(folder):
    names = ["große Bäume 1.png", "猫/犬.png", "a b'c\"d.png", "🐈.png"]
    (folder / "images" / "猫").mkdir()
    images = [image(number) | {"file_name": name} for number, name in zip(IDS, names, strict=True)]
    write_coco(folder, [annotation(1, 5, 7, SQUARE)], images)
    assert {record.path.name for record in all_records(coco_data(folder)).values()} == {
        "犬.png",
        *names[:1],
        *names[2:],
    }


def test_everything_that_is_wrong_is_in_one_report(folder):
    listed = json.loads(text(folder))["annotations"]
    change(folder, annotations=[*listed, *ANNOTATIONS.values()])
    message = refused(folder, rf"{len(ANNOTATIONS)} of {len(ANNOTATIONS) + 3} annotations are broken")
    assert f"… and {len(ANNOTATIONS) - 10} more" in message
    kept = all_records(coco_data(folder, max_bad_fraction=1.0))
    assert [len(kept[number].objects) for number in IDS] == [1, 1, 1, 0]


def test_masks_of_both_forms_survive_beside_broken_ones(folder):
    mask = random_mask(0)
    listed = [
        annotation(1, 11, 7, runs(mask)),
        annotation(2, 11, 7, [[1, 2, 3, 4]]),
        annotation(3, 11, 7, rle.encode(mask)),
    ]
    change(folder, annotations=listed)
    kept = all_records(coco_data(folder, max_bad_fraction=0.5))[11].objects
    assert [rle.decode(item.mask).tolist() for item in kept] == [mask.tolist()] * 2


BOXES = {
    "null": None,
    "empty": [],
    "a text": "10 5 20 20",
    "an object": {"x": 10},
    "two numbers": [10, 5],
    "numbers as text": ["10", "5", "20", "20"],
    "negative sizes": [10, 5, -20, -20],
    "no size": [10, 5, 0, 0],
    "NaN": [float("nan")] * 4,
    "infinite": [0, 0, float("inf"), float("inf")],
    "huge": [10**400] * 4,
    "elsewhere": [1000, 1000, 20, 20],
}


@pytest.mark.parametrize("kind", BOXES)
def test_a_wrong_box_or_area_spoils_no_mask_and_no_metric(folder, kind):
    area = BOXES[kind][0] if isinstance(BOXES[kind], list) and BOXES[kind] else BOXES[kind]
    change(folder, annotations=[GOOD | {"bbox": BOXES[kind], "area": area}])
    data = coco_data(folder)
    found = [item for split in ("train", "val") for item in data.ground_truth(split)["annotations"]]
    assert [(item["bbox"], item["area"]) for item in found] == [([10, 5, 20, 20], 400)]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
