"""Wrong files in COCO's format: each kind is one clear error that names the file and the item, and nothing changes.

A kind is a function that spoils a good data set; the good one has four images and three annotations.
"""

import json
import os
import subprocess
import sys

import pytest

from base import rle
from data_loader.errors import DataError
from tests.data_loader.coco.coco_folder import (
    CATEGORIES,
    all_records,
    annotation,
    coco_data,
    image,
    rectangle,
    write_coco,
)
from tests.data_loader.coco.test_coco_data import random_mask, runs

SQUARE = [rectangle(10, 5, 30, 25)]
IDS = (11, 5, 800, 2)
DEEP = 50_000


@pytest.fixture
def folder(tmp_path):
    write_coco(tmp_path, [annotation(number, image_id, 7, SQUARE) for number, image_id in ((1, 11), (2, 5), (3, 800))])
    return tmp_path


def state(root):
    """Every file with its bytes, its mode and its time."""
    return {
        path: (None if path.is_dir() or not os.access(path, os.R_OK) else path.read_bytes(), path.lstat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_dir() or path.is_file()
    }


def refused(root, reason, **keys):
    """The one message; nothing on the disk is another after it."""
    before = state(root)
    with pytest.raises(DataError, match=reason) as caught:
        coco_data(root, **keys)
    assert state(root) == before
    return str(caught.value)


def text(root):
    return (root / "train.json").read_text()


def change(root, **lists):
    content = json.loads(text(root))
    (root / "train.json").write_text(json.dumps(content | lists))


def without(root, key):
    content = json.loads(text(root))
    del content[key]
    (root / "train.json").write_text(json.dumps(content))


def categories(*listed):
    return lambda root: change(root, categories=list(listed))


def content(data):
    return lambda root: (root / "train.json").write_bytes(data)


FILES = {
    "empty": (content(b""), "no whole JSON"),
    "blank": (content(b" \n" * 1000), "no whole JSON"),
    "cut off": (lambda root: content(text(root)[:-200].encode())(root), "no whole JSON"),
    "cut off at its first byte": (content(b"{"), "no whole JSON"),
    "two files in one": (lambda root: content((text(root) * 2).encode())(root), "no whole JSON"),
    "zeros": (content(bytes(100_000)), "no whole JSON"),
    "random bytes": (content(os.urandom(100_000)), "no whole JSON"),
    "zeros at its end": (lambda root: content(text(root).encode() + bytes(4096))(root), "no whole JSON"),
    "Latin-1": (lambda root: content(text(root).replace("cup", "Köln").encode("latin-1"))(root), "no whole JSON"),
    "deep lists": (content(b"[" * DEEP), "no whole JSON"),
    "deep lists in a key": (
        content(b'{"images": [], "annotations": [], "categories": ' + b"[" * DEEP),
        "no whole JSON",
    ),
    "deep objects": (content(b'{"images": [], "annotations": [], "categories": ' + b'{"a":' * DEEP), "no whole JSON"),
    "a number of 10,000 digits": (
        lambda root: content(text(root).replace("800", "8" * 10_000).encode())(root),
        "digits",
    ),
    "a list": (content(b'["images", "annotations", "categories"]'), "lacks images, annotations, categories"),
    "a text": (content(b'"images, annotations, categories"'), "lacks images, annotations, categories"),
    "null": (content(b"null"), "lacks images, annotations, categories"),
    "no images": (lambda root: without(root, "images"), "lacks images"),
    "no annotations": (lambda root: without(root, "annotations"), "lacks annotations"),
    "no categories": (lambda root: without(root, "categories"), "lacks categories"),
    "images null": (lambda root: change(root, images=None), "lacks images"),
    "annotations an object": (lambda root: change(root, annotations={"1": {}}), "lacks annotations"),
    "categories a text": (lambda root: change(root, categories="cup"), "lacks categories"),
    "categories empty": (categories(), "the list of categories is empty"),
    "a category null": (categories(None), "a category needs an id"),
    "a category a text": (categories("cup"), "a category needs an id"),
    "a category without id": (categories({"name": "cup"}), "a category needs an id"),
    "a category without name": (categories({"id": 7}), "a category needs an id"),
    "a category's id a text": (categories({"id": "7", "name": "cup"}), "a category needs an id"),
    "a category's id a boolean": (categories({"id": True, "name": "cup"}), "a category needs an id"),
    "a category's id a fraction": (categories({"id": 7.5, "name": "cup"}), "a category needs an id"),
    "a category's id negative": (categories({"id": -7, "name": "cup"}), "a category needs an id"),
    "a category's id huge": (categories({"id": 10**30, "name": "cup"}), "a category needs an id"),
    "a category's name a number": (categories({"id": 7, "name": 5}), "a category needs an id"),
    "a category's name blank": (categories({"id": 7, "name": " "}), "a category needs an id"),
    "a category's name no text": (categories({"id": 7, "name": "\ud800"}), "a category needs an id"),
    "a category twice": (categories(*CATEGORIES, CATEGORIES[0]), "the id or the name of another"),
    "a category's name twice": (categories(*CATEGORIES, {"id": 8, "name": "cup"}), "the id or the name of another"),
    "no image at all": (lambda root: change(root, images=[], annotations=[]), "no usable image"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_wrong_file(folder, kind):
    spoil, reason = FILES[kind]
    spoil(folder)
    message = refused(folder, reason, max_bad_fraction=1.0)
    assert "train.json" in message or kind == "no image at all"
    assert len(message) < 1000


def instead(make):
    """Replaces the annotation file by something else."""

    def spoil(root):
        (root / "train.json").unlink()
        make(root / "train.json")

    return spoil


def unreadable(path):
    path.write_text("{}")
    path.chmod(0)


NO_FILES = {
    "missing": (lambda path: None, "there is no such file"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "a link to itself": (lambda path: path.symlink_to(path), "cannot be read|there is no such file"),
    "a link to nothing": (lambda path: path.symlink_to("nothing"), "there is no such file"),
    "a pipe": (os.mkfifo, "is no file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is no file"),
}


@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file(folder, kind):
    make, reason = NO_FILES[kind]
    instead(make)(folder)
    assert "train.json" in refused(folder, reason)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission(folder):
    instead(unreadable)(folder)
    assert "train.json" in refused(folder, "cannot be read")


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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_of_unicode_are_read(folder, encoding):
    named = [{"id": 7, "name": "Täßchen 杯"}, *CATEGORIES[1:]]
    change(folder, categories=named)
    (folder / "train.json").write_text(text(folder), encoding=encoding)
    assert coco_data(folder).classes[0] == "Täßchen 杯"


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


READ = """
import resource, sys, time
from data_loader.coco.annotations import read_coco
from data_loader.errors import DataError
from pathlib import Path
before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
try:
    read_coco(Path(sys.argv[1]))
except DataError as error:
    print(error)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.monotonic() - started)
"""


@pytest.mark.parametrize("beginning", [b"", b'{"images": [', b'{"images": [], "annotations": [], "categories": ['])
def test_500_megabytes_of_garbage_are_refused_without_reading_them_all(folder, beginning):
    path = folder / "train.json"
    with path.open("wb") as file:
        file.write(beginning)
        file.truncate(500 << 20)
    command = [sys.executable, "-c", READ, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    message, spent = done.stdout.strip().rsplit("\n", 1)
    assert "train.json: is no whole JSON file" in message and len(message) < 1000
    assert int(spent.split()[0]) < 100_000  # kB


def test_a_large_file_of_something_else_is_refused_unread(folder, monkeypatch):
    monkeypatch.setattr("data_loader.json_file._LARGE", 1000)
    content(b'{"log": "' + b"x" * 2000)(folder)
    refused(folder, r"train.json: is no whole JSON file \(2009 bytes without one of images, annotations, categories\)")


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
