"""Annotation files of gigabytes: what reading them may keep, and a fingerprint that stays that of older runs."""

import tracemalloc
from array import array

import pytest

from data_loader.coco.annotations import read_coco, to_records
from data_loader.errors import DataError
from data_loader.records import ImageRecord, ObjectRecord, fingerprint
from tests.data_loader.coco.coco_folder import annotation, write_coco

CORNERS = 1000
OBJECTS = 40


@pytest.fixture
def file(tmp_path):
    """Objects of a thousand corners, on one image."""
    part = [value + 0.25 for corner in range(CORNERS) for value in (corner % 50, corner % 30)]
    listed = [annotation(number, 5, 7, [part]) for number in range(OBJECTS)]
    write_coco(tmp_path, listed)
    return tmp_path / "train.json"


def test_a_coordinate_takes_eight_bytes_until_it_is_a_mask(file):
    tracemalloc.start()
    try:
        found = read_coco(file)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert kept < 10 * OBJECTS * 2 * CORNERS
    assert found.annotations[0]["segmentation"][0][:4] == array("d", [0.25, 0.25, 1.25, 1.25])


def test_annotations_are_given_up_one_by_one_as_they_become_records(file, monkeypatch):
    found = read_coco(file)
    left = []

    def count_left(*given):
        left.append(sum(item is not None for item in found.annotations))
        return {"size": [40, 60], "counts": "0c1"}

    monkeypatch.setattr("data_loader.coco.annotations.to_rle", count_left)
    monkeypatch.setattr("data_loader.coco.annotations.rle.area", lambda mask: 9)
    records, *_ = to_records(found, file.parent / "images", set())
    assert left == list(range(OBJECTS - 1, -1, -1))
    assert sum(len(record.objects) for record in records) == len(found.annotations) == OBJECTS


def test_records_have_no_dict_of_their_own():
    item = ObjectRecord(1, {"size": [2, 2], "counts": "04"})
    for record in (item, ImageRecord("a.png", 1, 2, 2, (item,))):
        assert not hasattr(record, "__dict__")


def test_a_packed_polygon_in_the_wrong_place_is_shown_as_it_was(tmp_path):
    write_coco(tmp_path, [], categories=[{"id": "1", "name": "a", "segmentation": [[1, 2]]}])
    with pytest.raises(DataError, match=r'received \{"id": "1", "name": "a", "segmentation": \[\[1.0, 2.0\]\]\}'):
        read_coco(tmp_path / "train.json")


def test_the_fingerprint_of_data_is_that_of_earlier_versions(tmp_path):
    mask, border = {"counts": "04", "size": [2, 2]}, {"size": [2, 2], "counts": "112"}
    (tmp_path / "b.png").write_bytes(b"12345")
    objects = (ObjectRecord(1, mask), ObjectRecord(2, mask, border, True, (0.0, 0.0, 2.0, 2.0), 4.0))
    first = ImageRecord(tmp_path / "b.png", 7, 2, 2, objects)
    second = ImageRecord(tmp_path / "ä.png", 8, 3, 4, ())
    assert fingerprint({"train": [first, second], "val": [second]}) == "ef5713cf845d"
    assert fingerprint({"val": [second], "train": [second, first]}) == "ef5713cf845d"
    assert fingerprint({}) == "e3b0c44298fc"
