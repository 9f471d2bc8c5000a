"""Broken annotations, images and files in COCO's format: named, counted and left out."""

import json
import logging

import pytest

from data_loader.errors import DataError
from tests.data_loader.coco.coco_folder import (
    SQUARE,
    all_records,
    annotation,
    coco_data,
    image,
    rectangle,
    write_coco,
)

BROKEN_ANNOTATIONS = [
    (5, "annotation of no image"),
    (annotation(1, 999, 7, SQUARE), "annotation of no image: 999"),
    (annotation(1, "11", 7, SQUARE), "annotation of no image"),
    (annotation(1, 11, 8, SQUARE), "annotation of no category: 8"),
    (annotation(1, 11, None, SQUARE), "annotation of no category: null"),
    (annotation(1, 11, True, SQUARE), "annotation of no category: true"),
    (annotation(1, 11, [7], SQUARE), "annotation of no category"),
    (annotation(1, 11, 7, SQUARE, iscrowd="yes"), "iscrowd is neither 0 nor 1"),
    (annotation(1, 11, 7, [[1, 2, 3, 4]]), "broken segmentation"),
    ({"id": 1, "image_id": 11, "category_id": 7}, "broken segmentation"),
    (annotation(1, 11, 7, [rectangle(100, 100, 120, 120)]), "empty mask"),
    (annotation(1, 11, 7, [rectangle(-20, -20, -5, -5)]), "empty mask"),
]


@pytest.mark.parametrize(("item", "reason"), BROKEN_ANNOTATIONS)
def test_broken_annotations_are_named_counted_and_left_out(tmp_path, caplog, item, reason):
    write_coco(tmp_path, [item, annotation(2, 11, 3, SQUARE)])
    with pytest.raises(DataError, match=rf"1 of 2 annotations are broken.*\n.*train.json annotation .*{reason}"):
        coco_data(tmp_path)
    with caplog.at_level(logging.WARNING, "maskeras"):
        data = coco_data(tmp_path, max_bad_fraction=0.5)
    assert "1 of 2 annotations are broken and left out" in caplog.text
    assert [found.category for found in all_records(data)[11].objects] == [2]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (7, "image without id or file_name"),
        ({"id": 9}, "image without id or file_name"),
        ({"id": -1, "file_name": "5.png"}, "image without id or file_name"),
        ({"id": 9, "file_name": "absent.png"}, "image missing or broken"),
        ({"id": 9, "file_name": "../train.json"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "/etc/hostname"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "a\0b.png"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "\ud800.png"}, "no name of a file in the folder"),
        ({"id": 9, "file_name": "text.png"}, "image missing or broken"),
        ({"id": 9, "file_name": "5.png", "height": 60, "width": 40}, "image of another size"),
        ({"id": 5, "file_name": "2.png"}, "id given twice"),
    ],
)
def test_broken_images_are_named_counted_and_left_out(tmp_path, item, reason):
    images = [image(number) for number in (11, 5, 2)]
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE)], images)
    (tmp_path / "images" / "text.png").write_text("no image")
    content = json.loads((tmp_path / "train.json").read_text())
    (tmp_path / "train.json").write_text(json.dumps({**content, "images": [*images, item]}))
    with pytest.raises(DataError, match=rf"1 of 4 images are broken.*\n.*train.json image .*{reason}"):
        coco_data(tmp_path)
    data = coco_data(tmp_path, max_bad_fraction=0.5, val_fraction=0.3)
    assert sorted(all_records(data)) == [2, 5, 11]


def test_annotations_of_an_image_that_is_left_out_are_not_broken_themselves(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 7, SQUARE), annotation(2, 5, 7, SQUARE)])
    (tmp_path / "images" / "11.png").unlink()
    data = coco_data(tmp_path, max_bad_fraction=0.3)
    assert sorted(all_records(data)) == [2, 5, 800]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no whole JSON"),
        ('{"images": [', "no whole JSON"),
        ("[" * 100_000, "no whole JSON"),
        ("[]", "lacks images, annotations, categories"),
        ('{"images": [], "annotations": {}, "categories": []}', "lacks annotations"),
        ('{"images": [], "annotations": [], "categories": []}', "list of categories is empty"),
        ('{"images": [], "annotations": [], "categories": [5]}', "a category needs an id"),
        ('{"images": [], "annotations": [], "categories": [{"id": 1}]}', "a category needs an id"),
        ('{"images": [], "annotations": [], "categories": [{"id": "1", "name": "a"}]}', "a category needs an id"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}',
            "id or the name of another",
        ),
        ('{"images": [], "annotations": [], "categories": [{"id": 1, "name": "a"}]}', "no usable image for train"),
    ],
)
def test_a_useless_file_is_one_error(tmp_path, text, reason):
    write_coco(tmp_path, [])
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(DataError, match=reason):
        coco_data(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"train.json: there is no such file"):
        coco_data(tmp_path)


def test_what_is_broken_is_part_of_what_is_read(tmp_path):
    write_coco(tmp_path, [annotation(1, 11, 8, SQUARE), annotation(2, 11, 3, SQUARE)])
    data = coco_data(tmp_path, max_bad_fraction=1)
    images, annotations = data.broken
    assert (images.what, list(images.items), images.total) == ("images", [], 4)
    assert (annotations.what, annotations.total) == ("annotations", 2)
    assert [item.kind for item in annotations.items] == ["annotation of no category"]
