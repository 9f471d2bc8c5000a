"""Converting a data set: what the format can hold is the same to the pixel, the rest is counted."""

import json

import numpy as np
import PIL.Image
import pytest
import yaml
from pycocotools import mask as reference
from pycocotools.coco import COCO

from base import rle
from base.index_images import voc_palette
from data_loader.classes import chosen_classes
from data_loader.errors import DataError
from data_loader.records import ObjectRecord
from data_loader.writers import FORMATS, convert
from tests.data_loader.writers.data_set import (
    CROWD,
    MASKS,
    PARTS,
    PIXEL,
    RING,
    content,
    pixels,
    read,
    read_folder,
    turn_by_exif,
    write_data_set,
)

RENAMED = "1 × image with a new name: another one has its name, or its name does not fit everywhere"


def written(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_coco_keeps_everything(tmp_path):
    data = write_data_set(tmp_path / "in")
    assert convert(data, "coco", tmp_path / "out") == [RENAMED]
    again = read_folder(tmp_path / "out")
    assert content(again) == content(data)
    assert again.category_ids == data.category_ids == (7, 3, 90)
    ids = {split: [record.image_id for record in again.records(split)] for split in ("train", "val", "test")}
    assert ids == {"train": [11, 5, 800], "val": [2], "test": [90]}
    found = COCO(str(tmp_path / "out/annotations/instances_train.json"))
    masks = [found.annToMask(item) for item in found.loadAnns(found.getAnnIds(imgIds=[11]))]
    for mask, expected in zip(masks, (RING, PARTS, PIXEL, CROWD), strict=True):
        np.testing.assert_array_equal(mask, expected)


def test_images_of_one_name_do_not_collide(tmp_path):
    convert(write_data_set(tmp_path / "in"), "coco", tmp_path / "out")
    assert written(tmp_path / "out/images") == [
        "test/3.jpg", "train/1.jpg", "train/empty.png", "train/right_1.jpg", "val/2.jpg",
    ]  # fmt: skip
    for one, other in (("left/1.jpg", "train/1.jpg"), ("right/1.jpg", "train/right_1.jpg")):
        assert (tmp_path / "in/images" / one).read_bytes() == (tmp_path / "out/images" / other).read_bytes()


def test_names_differ_without_their_endings_and_where_case_does_not_count(tmp_path):
    names = {1: "a.jpg", 2: "A.png", 3: "a.png", 4: "images_A.jpg", 5: "tab\there.jpg", 6: "tab_here.jpg"}
    data = write_data_set(tmp_path / "in", [], {"train": names, "val": {9: "b.jpg"}})
    convert(data, "yolo", tmp_path / "out")
    stems = [name.removesuffix(".txt").casefold() for name in written(tmp_path / "out/labels/train")]
    assert len(set(stems)) == len(names) and not any("\t" in stem for stem in stems)


@pytest.mark.parametrize("format", ["yolo", "mask_folder"])
def test_a_file_without_an_images_ending_is_found_again(tmp_path, format):
    images = {"train": {1: "one.jpg", 2: "two.png"}, "val": {9: "b.jpg"}}
    write_data_set(tmp_path / "in", [(1, 7, RING, 0), (9, 7, RING, 0)], images)
    text = (tmp_path / "in/train.json").read_text()
    (tmp_path / "in/train.json").write_text(text.replace("one.jpg", "one").replace("two.png", "two.v2"))
    (tmp_path / "in/images/one.jpg").rename(tmp_path / "in/images/one")
    (tmp_path / "in/images/two.png").rename(tmp_path / "in/images/two.v2")
    splits = {split: {"annotations": [f"{split}.json"], "images": "images"} for split in ("train", "val")}
    data = read({"name": "coco", "root": str(tmp_path / "in"), **splits})
    assert RENAMED.replace("1", "2", 1) in convert(data, format, tmp_path / "out")
    assert written(tmp_path / "out/images") == ["train/one.jpg", "train/two.v2.png", "val/b.jpg"]
    assert [len(read_folder(tmp_path / "out").records(split)) for split in ("train", "val")] == [2, 1]


def test_yolos_names_are_those_of_any_characters(tmp_path):
    write_data_set(tmp_path / "a")
    name = "cup\x85 \x80\x7f\u2028\u2029 \\u0041 \ufeff'\": 🐈"
    for path in (tmp_path / "a").glob("*.json"):
        found = json.loads(path.read_text())
        found["categories"][0]["name"] = name
        path.write_text(json.dumps(found))
    convert(read_folder(tmp_path / "a"), "yolo", tmp_path / "b")
    assert yaml.safe_load((tmp_path / "b/data.yaml").read_text(encoding="utf-8"))["names"][0] == name
    assert name in read_folder(tmp_path / "b").classes


def test_yolo_has_parts_and_holes_in_one_polygon(tmp_path):
    data = write_data_set(tmp_path / "in")
    assert convert(data, "yolo", tmp_path / "out") == [
        "5 × id of an image: YOLO has none",
        "3 × id of a category: YOLO numbers the classes from 0",
        "1 × crowd: YOLO has no regions of many objects, it is left out",
        RENAMED,
    ]
    section = yaml.safe_load((tmp_path / "out/data.yaml").read_text())
    assert section == {
        "train": "images/train", "val": "images/val", "test": "images/test", "names": dict(enumerate(data.classes)),
    }  # fmt: skip
    assert (tmp_path / "out/labels/train/empty.txt").read_text() == ""
    lines = (tmp_path / "out/labels/train/1.txt").read_text().splitlines()
    assert [data.classes[int(line.split()[0])] for line in lines] == ["cup", "spoon", "spoon"]
    for line, expected in zip(lines, (RING, PARTS, PIXEL), strict=True):
        polygon = np.array(line.split()[1:], float).reshape(-1, 2) * (60, 40)
        (found,) = reference.frPyObjects([polygon.reshape(-1).tolist()], 40, 60)
        np.testing.assert_array_equal(reference.decode(found), expected)


def test_voc_has_one_object_for_each_pixel(tmp_path):
    disjoint = [item for item in MASKS if item[2] is not CROWD]
    data = write_data_set(tmp_path / "in", disjoint)
    assert convert(data, "voc", tmp_path / "out") == [
        "5 × id of an image: VOC has names instead",
        "3 × id of a category: VOC numbers the classes from 1",
        "1 × image that is no JPEG: VOC knows no other, its bytes are kept under a name with .jpg, which most readers "
        "take",
        RENAMED,
    ]
    again = read_folder(tmp_path / "out")
    assert again.classes == data.classes and content(again) == content(data)


def test_a_mask_folder_has_a_file_for_each_object(tmp_path):
    data = write_data_set(tmp_path / "in", [item for item in MASKS if item[1] != 3 or item[3]])
    assert convert(data, "mask_folder", tmp_path / "out") == [
        "5 × id of an image: a mask folder has names instead",
        "2 × id of a category: a mask folder has names instead, which count from 1 in their order",
        "1 × class without an object: a mask folder knows classes by their masks",
        "1 × crowd: a mask folder has no regions of many objects, it is left out",
        RENAMED,
    ]
    masks = tmp_path / "out/masks"
    assert written(masks) == [
        "test/3/spoon/0001.png", "train/1/cup/0001.png", "train/1/spoon/0002.png", "train/1/spoon/0003.png",
        "val/2/cup/0001.png",
    ]  # fmt: skip
    np.testing.assert_array_equal(np.asarray(PIL.Image.open(masks / "train/1/spoon/0002.png")), 255 * PARTS)


def test_classes_that_would_have_one_folder(tmp_path):
    data = write_data_set(tmp_path / "in")
    data._classes = chosen_classes({1: "a/b", 2: "a:b", 3: "c"}, {}, None)
    with pytest.raises(DataError, match="Two classes would have one folder of masks: a/b, a:b, c"):
        convert(data, "mask_folder", tmp_path / "out")
    data._classes = chosen_classes({1: "a/b", 2: "..", 3: "c"}, {}, None)
    assert "2 × class with a new name: its name cannot be that of a folder" in convert(
        data, "mask_folder", tmp_path / "out"
    )
    assert {path.name for path in (tmp_path / "out/masks").glob("*/*/*")} == {"a_b", "_..", "c"}


@pytest.mark.parametrize("format", FORMATS)
def test_there_and_back_loses_nothing_that_the_format_can_hold(tmp_path, format):
    masks = [item for item in MASKS if not item[3]] if format == "voc" else MASKS
    data = write_data_set(tmp_path / "in", masks)
    convert(data, format, tmp_path / "there")
    there = read_folder(tmp_path / "there")
    assert not any("new name" in line for line in convert(there, "coco", tmp_path / "back"))
    back = read_folder(tmp_path / "back")
    assert content(back) == content(there) == content(data, crowds=format == "coco")
    assert sorted(back.classes) == sorted(data.classes)


def test_what_overlaps_and_crowds_in_an_index_image(tmp_path):
    large, small, tiny, below = (pixels((0, 0, side, side)) for side in (20, 10, 4, 4))
    masks = [(11, 7, tiny, 0), (11, 7, large, 0), (11, 3, small, 0), (11, 3, pixels((15, 0, 30, 30)), 1)]
    masks.append((11, 7, below, 0))
    data = write_data_set(tmp_path / "in", masks)
    lost = convert(data, "voc", tmp_path / "out")
    assert "2 × object that lost pixels to a smaller one: an index image has one object for each pixel" in lost
    assert sum(line.startswith("1 × object hidden by smaller ones altogether") for line in lost) == 1
    assert "1 × crowd: its pixels are void where no object is" in lost
    objects = np.asarray(PIL.Image.open(tmp_path / "out/SegmentationObject/1.png"))
    expected = np.zeros((40, 60), np.uint8)
    expected[:30, 15:30] = 255
    expected[:20, :20], expected[:10, :10], expected[:4, :4] = 2, 3, 4
    np.testing.assert_array_equal(objects, expected)
    classes = np.asarray(PIL.Image.open(tmp_path / "out/SegmentationClass/1.png"))
    np.testing.assert_array_equal(classes, np.array([0, 1, 1, 2, 1, *[0] * 250, 255])[expected])


def test_more_objects_than_voc_has_values_for(tmp_path):
    masks = [(11, 7, pixels((x, y, x + 1 + (x < 4), y + 1)), 0) for x in range(0, 60, 4) for y in range(0, 40, 2)]
    assert len(masks) == 300
    data = write_data_set(tmp_path / "in", masks)
    lost = convert(data, "voc", tmp_path / "out")
    assert any(line.startswith("46 × object beyond the 254 that") for line in lost)
    found = read_folder(tmp_path / "out").records("train")[0].objects
    assert len(found) == 254 and sum(rle.area(item.mask) == 2 for item in found) == 20


def test_the_colors_are_those_of_voc():
    expected = {0: (0, 0, 0), 1: (128, 0, 0), 2: (0, 128, 0), 15: (192, 128, 128), 20: (0, 64, 128), 255: (224,) * 2}
    for index, color in expected.items():
        assert tuple(voc_palette()[index][: len(color)]) == color


def test_too_many_classes_for_voc(tmp_path):
    data = write_data_set(tmp_path / "in")
    data._classes = chosen_classes({number: str(number) for number in range(1, 256)}, {}, None)
    with pytest.raises(DataError, match="VOC has 254 classes at most, the data 255"):
        convert(data, "voc", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("format", FORMATS)
def test_ignored_pixels_are_counted(tmp_path, format):
    data = write_data_set(tmp_path / "in")
    record = data._records["val"][0]
    border = pixels((30, 2, 35, 4))
    with_border = ObjectRecord(1, rle.encode(PARTS), rle.encode(border))
    object.__setattr__(record, "objects", (with_border,))
    assert any(line.startswith("1 × object with ignored pixels") for line in convert(data, format, tmp_path / "out"))
    (found,) = read_folder(tmp_path / "out").records("val")[0].objects
    expected = PARTS - border if format == "voc" else PARTS
    np.testing.assert_array_equal(rle.decode(found.mask), expected)


@pytest.mark.parametrize("format", FORMATS)
def test_masks_fit_images_that_are_turned_by_exif(tmp_path, format):
    data = write_data_set(tmp_path / "in")
    turn_by_exif(tmp_path / "in/images/2.jpg")
    lost = convert(data, format, tmp_path / "out")
    assert "1 × image turned by its EXIF orientation: its masks fit it as it is shown; readers must turn it too" in lost
    (record,) = read_folder(tmp_path / "out").records("val")
    assert record.path.read_bytes() == (tmp_path / "in/images/2.jpg").read_bytes()
    np.testing.assert_array_equal(rle.decode(record.objects[0].mask), PARTS)


def test_classes_and_broken_items_are_those_that_were_read(tmp_path):
    write_data_set(tmp_path / "in")
    (tmp_path / "in/images/left/1.jpg").unlink()
    data = read_folder_with(tmp_path / "in", classes=["spoon", "fork"], max_bad_fraction=0.5)
    assert convert(data, "coco", tmp_path / "out") == ["1 × images, broken and left out when the data set was read"]
    again = read_folder(tmp_path / "out")
    assert again.classes == ("spoon", "fork") and again.category_ids == (90, 3)
    assert content(again) == content(data)


def read_folder_with(root, **keys):
    splits = {split: {"annotations": [f"{split}.json"], "images": "images"} for split in ("train", "val", "test")}
    return read({"name": "coco", "root": str(root), **splits}, **keys)


def test_an_image_in_two_splits_with_other_objects_is_two_images(tmp_path):
    root = tmp_path / "in"
    write_data_set(root)
    listed = json.loads((root / "train.json").read_text())
    listed["annotations"] = listed["annotations"][:1]
    (root / "val.json").write_text(json.dumps(listed))
    data = read_folder_with(root)
    convert(data, "voc", tmp_path / "out")
    again = read_folder(tmp_path / "out")
    assert [len(record.objects) for record in again.records("val")] == [1, 0, 0]
    assert {record.path for record in again.records("train")} & {record.path for record in again.records("val")} == {
        tmp_path / "out/JPEGImages/empty.jpg"
    }


def test_a_folder_with_files_is_refused(tmp_path):
    data = write_data_set(tmp_path / "in")
    before = written(tmp_path / "in")
    for out in (tmp_path / "in", tmp_path / "in/train.json"):
        with pytest.raises(DataError, match="is there already; name a folder that does not exist or is empty"):
            convert(data, "coco", out)
    assert written(tmp_path / "in") == before
    (tmp_path / "out").mkdir()
    convert(data, "coco", tmp_path / "out")
    assert len(written(tmp_path / "out")) == 8


def test_a_folder_inside_of_the_data_set_is_refused(tmp_path):
    data = write_data_set(tmp_path / "in")
    before = written(tmp_path / "in")
    with pytest.raises(DataError, match=r"is inside of .*the data set itself; name a folder outside of it"):
        convert(data, "coco", tmp_path / "in/new")
    assert written(tmp_path / "in") == before


@pytest.mark.parametrize("format", FORMATS)
def test_an_interrupted_conversion_leaves_nothing(tmp_path, format):
    data = write_data_set(tmp_path / "in")
    (tmp_path / "in/images/2.jpg").unlink()
    with pytest.raises(DataError, match=r"could not be written .*2\.jpg.* nothing of it is left"):
        convert(data, format, tmp_path / "new/out")
    assert list((tmp_path / "new").iterdir()) == []


def test_an_unknown_format_is_named(tmp_path):
    with pytest.raises(DataError, match='no writer of a format "yollo"; did you mean "yolo"'):
        convert(write_data_set(tmp_path / "in"), "yollo", tmp_path / "out")


def test_too_little_space_is_said_before_anything_is_written(tmp_path, monkeypatch):
    data = write_data_set(tmp_path / "in")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("usage", (), {"free": 10}))
    with pytest.raises(DataError, match="GB are free"):
        convert(data, "coco", tmp_path / "out")
    assert not (tmp_path / "out").exists()
