"""Broken files in every format: named and left out, or one clear error; never a traceback."""

import io
import json
import re
import zipfile

import numpy as np
import PIL.Image
import pytest

from data_loader.errors import DataError
from data_loader.formats import recognize
from data_loader.mask_folder.config import MaskFolderConfig
from tests.data_loader import format_writers as writers
from tests.data_loader.synthetic import CLASSES, SIZE, synthetic
from tests.data_loader.test_every_format import prepared

BIN = b"\x89\x80\x00\x01" * 20
LAYOUTS = {
    "yolo": (writers.yolo, {}),
    "labelme": (writers.labelme, {}),
    "via": (writers.via, {}),
    "cityscapes": (writers.cityscapes, {}),
    "wgisd": (writers.wgisd, {}),
    "mask_folder": (writers.mask_instances, {"names": list(CLASSES)}),
}


def edited(path, change):
    """Changes a JSON file in its place."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def labelme(change):
    return lambda root: edited(root / "train/scene_1.json", change)


def labelme_shape(**keys):
    return labelme(lambda content: content["shapes"][0].update(keys))


def via(change):
    return lambda root: edited(root / "train/via_train.json", lambda content: change(_first(content)))


def via_shape(**keys):
    return via(lambda entry: entry["regions"][0].update(shape_attributes=keys))


def _first(content):
    entries = content["_via_img_metadata"]
    return next(entry for entry in entries.values() if entry["filename"] == "scene_1.png")


def line(text):
    """Puts a line before those of the first label file."""

    def change(root):
        path = root / "labels/train/scene_1.txt"
        path.write_text(f"{text}\n{path.read_text()}")

    return change


def replaced(name, content):
    return lambda root: (root / name).write_bytes(content)


def mask(name, shape=SIZE, value=0, kind=np.uint16):
    return lambda root: writers.save(root / name, np.full(shape, value, kind))


def archive(array):
    def write(root):
        np.savez_compressed(root / "data/scene_1.npz", array)

    return write


def pickled(root):
    np.savez_compressed(root / "data/scene_1.npz", np.array([{"a": 1}], dtype=object))


CITY = "gtFine/train/ulm/ulm_000000_000000_gtFine_instanceIds.png"
TRIANGLE = "0.1 0.1 0.9 0.1 0.5"
POLYGON = {"name": "polygon", "all_points_x": [1, 9, 9], "all_points_y": [1, 1, 9]}
ANNOTATIONS = [
    ("yolo", line(f"7 {TRIANGLE} 0.9"), "scene_1.txt:1: class that names does not have: '7'; there are 0, 1, 2"),
    ("yolo", line(f"-1 {TRIANGLE} 0.9"), "class that names does not have"),
    ("yolo", line("0 0.5 0.5 0.2 0.2"), "box instead of a polygon"),
    ("yolo", line("0 0.1 0.1 0.9 0.9 0.5"), "5 numbers after the class"),
    ("yolo", line("0"), "0 numbers after the class"),
    ("yolo", line("0 0.1 0.1 0.9"), "3 numbers after the class"),
    ("yolo", line(f"0 {TRIANGLE} nan"), "corner outside of the image: nan is not in 0…1"),
    ("yolo", line(f"0 {TRIANGLE} 1.7"), "corner outside of the image: 1.7 is not in 0…1"),
    ("yolo", line(f"0 {TRIANGLE} -40"), "corner outside of the image: -40"),
    ("yolo", line(f"0 {TRIANGLE} 1e999"), "corner outside of the image: inf"),
    ("yolo", line(f"0 {TRIANGLE} up"), "no line of numbers"),
    ("yolo", line("0 0.5 0.5 0.5 0.5 0.5 0.5"), "empty mask"),
    ("labelme", labelme(lambda content: content["shapes"].append(7)), "no shape: received 7"),
    ("labelme", labelme_shape(label=None), "shape without a label"),
    ("labelme", labelme_shape(points=[[1, 1], [9, 9]], shape_type="polygon"), "three corners or more"),
    ("labelme", labelme_shape(points=[[1, 1], [9]], shape_type="polygon"), "no pairs of x and y"),
    ("labelme", labelme_shape(points=None, shape_type="polygon"), "no pairs of x and y"),
    ("labelme", labelme_shape(points=[[1, 1], [9, 1], [9, float("nan")]], shape_type="polygon"), "is no number: nan"),
    ("labelme", labelme_shape(points=[[1, 1], [9, 1], [9, 1e30]], shape_type="polygon"), "broken polygon"),
    ("labelme", labelme_shape(points=[[1, 1], [9, 1], [9, 10**400]], shape_type="polygon"), "is no number"),
    ("labelme", labelme_shape(shape_type="linestrip"), "shape without an area: the type 'linestrip'"),
    ("labelme", labelme_shape(shape_type="point", points=[[1, 1]]), "shape without an area"),
    ("labelme", labelme_shape(shape_type="circle", points=[[1, 1], [1, 1]]), "the radii are 0.0"),
    ("labelme", labelme_shape(shape_type="rectangle", points=[[1, 1]]), "a rectangle has 2 points; received 1"),
    ("labelme", labelme_shape(shape_type="rectangle", points=[[900, 900], [990, 990]]), "empty mask"),
    ("labelme", labelme_shape(shape_type="mask", points=[[1, 1], [9, 9]], mask="?"), "broken mask: it is no base64"),
    ("labelme", labelme_shape(shape_type="mask", points=[[1, 1], [9, 9]], mask=None), "broken mask: it is no base64"),
    ("labelme", labelme_shape(shape_type="mask", points=[[1, 1], [9, 9]], mask="aaaa"), "does not decode"),
    ("labelme", labelme_shape(shape_type="mask", points=[[1, 1], [999, 9]], mask="aaaa"), "not both in the image"),
    ("labelme", labelme_shape(group_id=[1]), "broken group_id"),
    ("via", via(lambda entry: entry["regions"].append(None)), "region without a class"),
    ("via", via(lambda entry: entry["regions"][0].update(region_attributes={})), "region without a class"),
    ("via", via(lambda entry: entry["regions"][0].pop("shape_attributes")), "region without a shape"),
    ("via", via_shape(name="point", cx=1, cy=1), "shape without an area: the shape 'point'"),
    ("via", via_shape(**(POLYGON | {"all_points_y": [1, 1]})), "no lists of equal length"),
    ("via", via_shape(**(POLYGON | {"all_points_x": [1, 9, "9"]})), "is no number: '9'"),
    ("via", via_shape(name="polygon", all_points_x=[1, 9], all_points_y=[1, 9]), "three corners or more"),
    ("via", via_shape(name="rect", x=1, y=1, width=5), "is no number: None"),
    ("via", via_shape(name="rect", x=1, y=1, width=-5, height=0), "empty mask"),
    ("via", via_shape(name="ellipse", cx=1, cy=1, rx=5, ry=-1), "the radii are 5.0 and -1.0"),
    ("wgisd", archive(np.zeros((*SIZE, 2), bool)), "scene_1.npz mask 0: empty mask"),
]
IMAGES = [
    ("yolo", replaced("labels/train/scene_1.txt", BIN), "is no text file"),
    ("yolo", lambda root: (root / "images/train/scene_1.png").write_bytes(BIN), "has no header of an image"),
    ("labelme", replaced("train/scene_1.json", b'{"shapes": ['), "is no whole JSON file"),
    ("labelme", replaced("train/scene_1.json", BIN), "is no whole JSON file"),
    ("labelme", replaced("train/scene_1.json", b""), "is no whole JSON file"),
    ("labelme", replaced("train/scene_1.json", b"[1]"), "has no list of shapes"),
    ("labelme", labelme(lambda content: content.pop("shapes")), "has no list of shapes"),
    ("labelme", labelme(lambda content: content.pop("imagePath")), "has the imagePath None"),
    ("labelme", labelme(lambda content: content.update(imagePath="x\0y")), "has the imagePath"),
    ("labelme", labelme(lambda content: content.update(imagePath="absent.png")), "there is no such file"),
    ("labelme", labelme(lambda content: content.update(imageHeight=9)), r"annotated for \(9, 128\)"),
    ("via", via(lambda entry: entry.pop("filename")), "image without a filename"),
    ("via", via(lambda entry: entry.update(filename="../a.png")), "no name of a file in the folder"),
    ("via", lambda root: (root / "train/scene_1.png").unlink(), "there is no such file"),
    ("cityscapes", lambda root: (root / CITY).unlink(), "there is no such file"),
    ("cityscapes", replaced(CITY, BIN), "does not decode"),
    ("cityscapes", mask(CITY, (9, 9)), r"the mask is \(9, 9\), the image \(96, 128\)"),
    ("cityscapes", mask(CITY, (*SIZE, 3), 1, np.uint8), "has the colors RGB"),
    ("wgisd", archive(np.zeros((9, 9, 2), bool)), r"the mask is \(9, 9\)"),
    ("wgisd", archive(np.zeros(SIZE, bool)), r"masks are \(height, width, objects\)"),
    ("wgisd", archive(np.zeros((*SIZE, 2), float)), r"masks are \(height, width, objects\)"),
    ("wgisd", pickled, r"masks are \(height, width, objects\)"),
    ("wgisd", replaced("data/scene_1.npz", b"PK\x03\x04 and no more"), "is no whole .npz file"),
    ("wgisd", lambda root: np.savez(root / "data/scene_1.npz", other=np.zeros(3)), "has no array arr_0"),
    ("wgisd", lambda root: (root / "data/scene_1.npz").unlink(), "there is no such file"),
    ("wgisd", lambda root: (root / "data/scene_1.jpg").unlink(), "there is no such file"),
    ("mask_folder", lambda root: (root / "train/masks/scene_1.png").unlink(), "it has none"),
    ("mask_folder", replaced("train/masks/scene_1.png", BIN), "does not decode"),
    ("mask_folder", mask("train/masks/scene_1.png", (9, 9)), r"the mask is \(9, 9\)"),
    ("mask_folder", mask("train/masks/scene_1.png", SIZE, 9001), "the mask has 9001, so the class 9"),
]


def broken(tmp_path, name, change):
    """The section of a data set of which one thing is broken."""
    writer, keys = LAYOUTS[name]
    writer(tmp_path, [shown.without_crowds() for shown in synthetic()])
    section = recognize(tmp_path) | keys
    change(tmp_path)
    return section


@pytest.mark.parametrize(("name", "change", "reason"), ANNOTATIONS)
def test_a_broken_annotation_is_named_and_only_it_is_left_out(tmp_path, name, change, reason):
    section = broken(tmp_path, name, change)
    with pytest.raises(DataError, match=rf"annotations are broken and left out.*\n.*{re.escape(reason)}"):
        prepared(section)
    data = prepared(section, max_bad_fraction=0.9)
    images, annotations = data.broken
    assert not images.items and len(annotations.items) == (2 if name == "wgisd" else 1)
    assert len(data.records("train")) + len(data.records("val")) + len(data.records("test")) >= 6


@pytest.mark.parametrize(("name", "change", "reason"), IMAGES)
def test_a_broken_image_is_named_and_only_it_is_left_out(tmp_path, name, change, reason):
    section = broken(tmp_path, name, change)
    with pytest.raises(DataError, match=rf"1 of \d images are broken and left out.*\n.*{reason}"):
        prepared(section)
    data = prepared(section, max_bad_fraction=0.9)
    found = {record.path.stem for split in ("train", "val", "test") for record in data.records(split)}
    assert len(data.broken[0].items) == 1 and "scene_1" not in found and found


YAML = [
    (b"names: [a\n", "is no YAML file"),
    (BIN, "is no YAML file"),
    (b"- 1\n", "has no keys such as names"),
    (b"", "has no keys such as names"),
    (b"train: images/train\n", "needs names, a list or id: name"),
    (b"names: {a: b}\ntrain: images/train\n", "whole numbers from 0"),
    (b"names: [a, b]\nnc: 3\ntrain: images/train\n", "nc is 3, but names has 2 names"),
    (b"names: [a, a]\ntrain: images/train\n", "empty or given twice"),
    (b"names: [a]\n", "has no train"),
    (b"names: [a]\ntrain: absent\n", "is neither a folder nor a list"),
    (b"names: [a]\ntrain: [1]\n", "is a folder, a list of folders or a .txt file"),
]


@pytest.mark.parametrize(("content", "reason"), YAML)
def test_a_useless_data_yaml_is_one_error(tmp_path, content, reason):
    section = broken(tmp_path, "yolo", replaced("data.yaml", content))
    with pytest.raises(DataError, match=reason):
        prepared(section)


def test_yolo_without_any_label_file_is_one_error(tmp_path):
    section = broken(tmp_path, "yolo", lambda root: (root / "labels").rename(root / "texts"))
    with pytest.raises(DataError, match=r"no image has a label file; that of .*scene_1.png would be .*labels"):
        prepared(section)


def test_label_files_without_a_data_yaml_say_what_to_write(tmp_path):
    broken(tmp_path, "yolo", lambda root: (root / "data.yaml").unlink())
    with pytest.raises(DataError, match=r"has label files of YOLO, but no YAML file names the classes: write .*yaml"):
        recognize(tmp_path)


def test_a_header_that_claims_terabytes_is_not_decompressed(tmp_path):
    section = broken(tmp_path, "wgisd", lambda root: None)
    header = np.lib.format.header_data_from_array_1_0(np.zeros((1, 1, 1), bool)) | {"shape": (*SIZE, 1 << 40)}
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, header)
    with zipfile.ZipFile(tmp_path / "data/scene_1.npz", "w") as target:
        target.writestr("arr_0.npy", file.getvalue())
    with pytest.raises(DataError, match=r"its header claims .* more than 2 GB"):
        prepared(section)


def test_an_image_that_two_masks_folders_call_alike(tmp_path):
    section = broken(tmp_path, "mask_folder", lambda root: None)
    PIL.Image.new("RGB", SIZE[::-1]).save(tmp_path / "train/images/scene_1.jpg")
    with pytest.raises(DataError, match=r"name that another image has: its masks would be those of .*scene_1.jpg"):
        prepared(section)


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"train": {"images": "../x", "masks": "{stem}.png"}}, "leads out of data.root"),
        ({"train": {"images": "x", "masks": "masks/*.png"}}, "needs {stem} once"),
        ({"values": [1, 2]}, "needs 1 different values"),
        ({"values": [0]}, "0, which is the background"),
        ({"names": ["a", "b"]}, "set class_factor"),
        ({"names": ["a", "b"], "kind": "objects"}, "put {class} into masks"),
        ({"names": ["a", "a"], "kind": "semantic"}, "names has a class twice"),
        ({"train": {"images": "x", "masks": "{class}/{stem}.png"}}, "for kind = objects"),
    ],
)
def test_a_config_that_cannot_be_meant_is_an_error(keys, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        MaskFolderConfig.model_validate_json(json.dumps({"image_size": [64, 64]} | keys))
