"""Wrong annotation files of COCO's format: each kind is one clear error that names the file, and nothing changes.

A kind is a function that spoils a good data set.
"""

import json
import os
import subprocess
import sys

import pytest

from data_loader.errors import DataError
from data_loader.formats import recognize
from tests.data_loader.coco.coco_folder import CATEGORIES, coco_data
from tests.data_loader.coco.wrong_folder import change, refused, text

DEEP = 50_000


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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_other_encodings_of_unicode_are_read(folder, encoding):
    named = [{"id": 7, "name": "Täßchen 杯"}, *CATEGORIES[1:]]
    change(folder, categories=named)
    (folder / "train.json").write_text(text(folder), encoding=encoding)
    assert coco_data(folder).classes[0] == "Täßchen 杯"


CUT = {
    "cut off": (
        lambda whole: whole[: whole.index('"categories"')],
        r'train\.json: begins as .* no "categories": it is cut',
    ),
    "cut off early": (
        lambda whole: whole[: whole.index('"annotations"')],
        'no "annotations", no "categories": it is cut',
    ),
    "boxes alone": (lambda whole: whole.replace("segmentation", "keypoints"), 'no "segmentation": .* not made for'),
}


@pytest.mark.parametrize("kind", CUT)
def test_a_part_of_a_file_is_named_when_the_format_of_its_folder_is_looked_for(folder, kind):
    cut, reason = CUT[kind]
    (folder / "train.json").write_text(cut(text(folder)))
    with pytest.raises(DataError, match=reason):
        recognize(folder)


def test_pipes_and_dead_links_do_not_stop_the_look_for_a_format(folder):
    os.mkfifo(folder / "pipe.json")
    (folder / "dead.json").symlink_to("nothing")
    assert recognize(folder)["train"]["annotations"] == ["train.json"]


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
