"""The format of a folder, by what is in it: the section `data` that reads it."""

import json
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
import pytest

from data_loader.errors import DataError
from data_loader.formats import FORMATS, recognize
from data_loader.layout import layout_of, split_of
from tests.data_loader.coco.coco_folder import CATEGORIES, annotation, image, rectangle
from utils.registry import DATA, resolve, resolve_config

SHARED = Path(__file__).parents[3] / "shared" / "data"


def write_file(path, numbers, folder):
    """A file of COCO's with these images, which are written too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    images = [image(number) for number in numbers]
    for item in images:
        cv2.imwrite(str(folder / item["file_name"]), np.zeros((40, 60, 3), np.uint8))
    listed = [annotation(number, number, 7, [rectangle(1, 1, 9, 9)]) for number in numbers]
    path.write_text(json.dumps({"images": images, "annotations": listed, "categories": CATEGORIES}))


def prepared(section):
    """The data set that a section describes, read."""
    config = resolve_config(DATA, section["name"]).model_validate_json(json.dumps(section))
    data = resolve(DATA, section["name"])(config, seed=0)
    data.prepare()
    return data


def sizes(section):
    data = prepared(section)
    return [len(data.records(split)) for split in ("train", "val", "test")]


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("instances_train2017.json", "train"),
        ("valid/_annotations.coco.json", "val"),
        ("train/x_val.json", "val"),
        ("trainval.txt", "train"),
        ("latest/restval.json", None),
        ("a/Testing/b", "test"),
    ],
)
def test_a_split_is_named_by_whole_words(path, split):
    assert split_of(PurePosixPath(path)) == split


def test_every_format_is_a_data_set_of_the_registry():
    assert set(FORMATS) <= set(DATA)


def test_cocos_own_layout(tmp_path):
    write_file(tmp_path / "annotations/instances_train2017.json", (1, 2, 3), tmp_path / "train2017")
    write_file(tmp_path / "annotations/instances_val2017.json", (1, 4), tmp_path / "val2017")
    keypoints = (tmp_path / "annotations/instances_train2017.json").read_text()
    (tmp_path / "annotations/person_keypoints_train2017.json").write_text(keypoints)
    section = recognize(tmp_path)
    assert section == {
        "name": "coco",
        "root": str(tmp_path),
        "train": {"annotations": ["annotations/instances_train2017.json"], "images": "train2017"},
        "val": {"annotations": ["annotations/instances_val2017.json"], "images": "val2017"},
    }
    assert sizes(section) == [3, 2, 2]


def test_a_file_beside_its_images_in_a_folder_for_each_split(tmp_path):
    for split, numbers in (("train", (1, 2)), ("valid", (3,)), ("test", (4, 5, 6))):
        write_file(tmp_path / split / "_annotations.coco.json", numbers, tmp_path / split)
    section = recognize(tmp_path)
    assert section["val"] == {"annotations": ["valid/_annotations.coco.json"], "images": "valid"}
    assert sizes(section) == [2, 1, 3]


def test_files_of_no_split_are_joined_and_one_of_the_same_images_is_left_out(tmp_path, caplog):
    for name, numbers in (("a", (1, 2, 3)), ("b", (4, 5)), ("c", (5, 6))):
        write_file(tmp_path / f"{name}.json", numbers, tmp_path / "images")
    section = recognize(tmp_path)
    assert section["train"] == {"annotations": ["a.json", "b.json"], "images": "images"}
    assert "c.json is left out" in caplog.text
    assert sum(sizes(section)[:2]) == 5


def test_one_annotation_file(tmp_path):
    write_file(tmp_path / "annotations/instances_val.json", (1, 2), tmp_path / "val")
    write_file(tmp_path / "annotations/instances_train.json", (3,), tmp_path / "train")
    section = recognize(tmp_path / "annotations/instances_val.json")
    assert section == {
        "name": "coco",
        "root": str(tmp_path),
        "train": {"annotations": ["annotations/instances_val.json"], "images": "val"},
    }
    assert sizes(section) == [1, 1, 1]


def test_annotations_without_their_images_are_an_error(tmp_path):
    write_file(tmp_path / "train.json", (1,), tmp_path / "images")
    (tmp_path / "images/1.png").unlink()
    with pytest.raises(DataError, match=r"train.json: no image that it names, such as 1.png, is below"):
        recognize(tmp_path)


def test_an_unknown_folder_lists_what_was_looked_for(tmp_path):
    (tmp_path / "notes.json").write_text("{}")
    (tmp_path / "empty.json").write_text("")
    with pytest.raises(DataError, match="no format that is known") as caught:
        recognize(tmp_path)
    assert all(f"\n  {name}: {FORMATS[name].looked_for}" in str(caught.value) for name in FORMATS)
    with pytest.raises(DataError, match=r'no format "coca"; did you mean "coco"\?'):
        recognize(tmp_path, "coca")
    with pytest.raises(DataError, match="no such file or folder"):
        recognize(tmp_path / "absent")


def test_the_most_specific_of_two_formats_is_taken_and_named(pets_folder, caplog):
    write_file(pets_folder / "cups.json", (1, 2), pets_folder / "cups")
    assert recognize(pets_folder) == {"name": "pets", "root": str(pets_folder)}
    assert "has the formats pets and coco: pets is taken" in caplog.text
    assert recognize(pets_folder, "coco")["train"]["annotations"] == ["cups.json"]


def test_links_that_lead_round_end(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").symlink_to(tmp_path, target_is_directory=True)
    assert [str(folder) for folder in layout_of(tmp_path).folders] == [".", "a"]


@pytest.mark.parametrize(("folder", "name"), [("pets", "pets"), ("coco128", "coco")])
def test_real_data_are_recognized(folder, name):
    if not (SHARED / folder).is_dir():
        pytest.skip("needs the data of ../shared")
    section = recognize(SHARED / folder)
    assert section["name"] == name
    if name == "coco":
        files = ["annotations/instances_train2017.json"]
        assert section["train"] == {"annotations": files, "images": "train2017"}
