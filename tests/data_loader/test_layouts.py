"""The layouts that people have: where files are, how splits are named, which shapes the tools write."""

import json

import numpy as np
import PIL.Image
import pytest

from base import rle
from data_loader.errors import DataError
from data_loader.formats import recognize
from data_loader.labelme import recognize as recognize_labelme
from tests.data_loader import format_writers as writers
from tests.data_loader.synthetic import SIZE, synthetic
from tests.data_loader.test_every_format import objects_of, prepared

HEIGHT, WIDTH = SIZE
LINE = "0 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"


def image(path, size=SIZE, orientation=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = PIL.Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    PIL.Image.new("RGB", size[::-1], (90, 120, 30)).save(path, exif=exif)


def box(mask):
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def sizes(data):
    return [len(data.records(split)) for split in ("train", "val", "test")]


def yolo(root, images, **keys):
    for name in images:
        image(root / name)
        writers.write_text(root / name.replace("images/", "labels/").replace(".jpg", ".txt"), LINE)
    writers.write_text(root / "data.yaml", json.dumps({"names": ["cup", "fork"], **keys}))
    return prepared(recognize(root))


def test_yolo_with_lists_of_folders_and_text_files_of_images(tmp_path):
    (tmp_path / "val.txt").write_text("./images/b/3.jpg\n\nimages/b/4.jpg\n")
    names = [f"images/{name}.jpg" for name in ("a/1", "a/2", "b/3", "b/4", "c/5")]
    data = yolo(tmp_path, names, train=["images/a", "images/c"], val="val.txt")
    assert sizes(data) == [3, 2, 2] and data.classes == ("cup", "fork")
    ((label, mask, _),) = objects_of(data, "val")[0]
    assert label == "cup" and box(mask) == (32, 24, 96, 72)


def test_roboflows_export_of_yolo(tmp_path):
    names = [f"{split}/images/{number}.jpg" for split, number in (("train", 1), ("train", 2), ("valid", 3))]
    data = yolo(tmp_path, names, train="../train/images", val="../valid/images", nc=2)
    assert sizes(data) == [2, 1, 1]


def test_yolos_path_is_relative_to_the_folder_of_the_file_or_names_it(tmp_path):
    data = yolo(tmp_path / "cups", ["images/1.jpg", "images/2.jpg"], path="cups", train="images")
    assert sizes(data) == [1, 1, 1]


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_what_only_old_yaml_takes_for_the_end_of_a_line_is_part_of_a_name(tmp_path, character):
    names = f'names:\n  0: cup{character}small\n  1: "fork {character} large"\ntrain: images/a\n'
    for number in (1, 2):
        image(tmp_path / f"images/a/{number}.jpg")
        writers.write_text(tmp_path / f"labels/a/{number}.txt", LINE)
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        (tmp_path / "data.yaml").write_bytes(names.encode(encoding))
        assert prepared(recognize(tmp_path)).classes == (f"cup{character}small", f"fork {character} large")


def test_ultralytics_joins_parts_by_seams_of_no_width(tmp_path):
    """As its merge_multi_segment does: out by one way through the parts, the rest of each on the way home."""
    first, second, third = (
        np.array([[x, 10], [x + 20, 10], [x + 20, 30], [x, 30]], float) for x in (10, 50, 90)
    )  # fmt: skip
    turned = np.roll(second, -3, axis=0)
    seam = np.concatenate([
        np.roll(first, -2, axis=0), first[2:3], turned[:2], third, third[:1], turned[1:], turned[:1],
    ])  # fmt: skip
    image(tmp_path / "images/1.jpg")
    image(tmp_path / "images/2.jpg")
    corners = " ".join(f"{value:.6g}" for value in (seam / (WIDTH, HEIGHT)).flat)
    for number in (1, 2):
        writers.write_text(tmp_path / f"labels/{number}.txt", f"0 {corners}\n")
    writers.write_text(tmp_path / "data.yaml", json.dumps({"names": ["cup"], "train": "images"}))
    ((_, mask, _),) = objects_of(prepared(recognize(tmp_path)), "train")[0]
    expected = np.zeros(SIZE, bool)
    for x in (10, 50, 90):
        expected[10:30, x : x + 20] = True
    np.testing.assert_array_equal(mask, expected)


def shape(kind, points, label="cup", **keys):
    return {"label": label, "points": points, "shape_type": kind, "group_id": None, **keys}


def labelme(root, shapes, name="1.png", **keys):
    image(root / "1.png", **keys)
    height, width = keys.get("size", SIZE)
    content = {"shapes": shapes, "imagePath": name, "imageHeight": height, "imageWidth": width}
    (root / "1.json").write_text(json.dumps(content))
    image(root / "2.png")
    (root / "2.json").write_text(json.dumps({"shapes": [], "imagePath": "2.png"}))
    data = prepared(recognize(root))
    return next(found for split in ("train", "val") for found in objects_of(data, split) if found)


def test_labelmes_rectangles_circles_and_groups(tmp_path):
    shapes = [
        shape("rectangle", [[30, 20], [10, 5]]),
        shape("circle", [[60, 50], [60, 70]], "plate"),
        shape("polygon", [[0, 0], [4, 0], [4, 4], [0, 4]], "fork", group_id=3),
        shape("polygon", [[100, 80], [110, 80], [110, 90], [100, 90]], "fork", group_id=3),
        shape("rectangle", [[100, 10], [101, 11]], "cup", group_id=3),
    ]
    found = labelme(tmp_path, shapes, r"..\elsewhere\1.png")
    assert [label for label, _, _ in found] == ["cup", "plate", "fork", "cup"]
    assert box(found[0][1]) == (10, 5, 30, 20) and found[0][1].sum() == 20 * 15
    assert found[1][1].sum() == pytest.approx(np.pi * 20**2, rel=0.01) and box(found[1][1]) == (40, 30, 80, 70)
    assert box(found[2][1]) == (0, 0, 110, 90) and found[2][1][:4, :4].all()
    assert found[3][1].sum() == 1


def region(label, **shape_keys):
    return {"shape_attributes": shape_keys, "region_attributes": {} if label is None else {"kind": label}}


def via(root, regions, **keys):
    for number in (1, 2):
        image(root / f"{number}.png")
    entries = {f"{number}.png": {"filename": f"{number}.png", "size": 9, "regions": []} for number in (1, 2)}
    entries["1.png"]["regions"] = regions
    (root / "via.json").write_text(json.dumps(entries))
    data = prepared(recognize(root) | keys)
    return data, next(found for split in ("train", "val") for found in objects_of(data, split) if found)


def test_files_of_labelme_beside_the_folders_of_the_splits_are_named(tmp_path, caplog, monkeypatch):
    writers.labelme(tmp_path, synthetic())
    assert recognize(tmp_path)["train"] == "train" and not caplog.text
    writers.write_text(tmp_path / "settings.json", "{}")
    recognize(tmp_path)
    assert not caplog.text
    for place in ("a.json", "more/b.json"):
        writers.write_text(tmp_path / place, (tmp_path / "train/scene_1.json").read_text())
    assert recognize(tmp_path)["val"] == "val"
    assert ": 2 LabelMe files, such as a.json, are left out: they are in none of the folders" in caplog.text
    caplog.clear()
    monkeypatch.setattr(recognize_labelme, "_COUNTED", 1)  # a.json comes first
    recognize(tmp_path)
    assert ": at least 1 LabelMe files, such as a.json, are left out" in caplog.text


def test_via_without_a_usable_filename_is_one_error(tmp_path):
    entry = {"filename": 5, "regions": [region("cup", name="rect")]}
    (tmp_path / "via.json").write_text(json.dumps({"1.png": entry}))
    with pytest.raises(DataError, match="no image that it names is below"):
        recognize(tmp_path)


def test_vias_shapes(tmp_path):
    regions = {
        "0": region("cup", name="rect", x=10, y=5, width=20, height=15),
        "1": region({"plate": True, "cup": False}, name="circle", cx=60, cy=50, r=20),
        "2": region("fork", name="ellipse", cx=64, cy=48, rx=30, ry=10, theta=np.pi / 2),
        "3": region("fork", name="polyline", all_points_x=[0, 4, 4, 0], all_points_y=[0, 0, 4, 4]),
    }
    data, found = via(tmp_path, regions)
    assert data.classes == ("cup", "fork", "plate")
    assert [box(mask) for _, mask, _ in found] == [(10, 5, 30, 20), (40, 30, 80, 70), (54, 18, 74, 78), (0, 0, 4, 4)]
    assert found[2][1].sum() == pytest.approx(np.pi * 300, rel=0.01)


def test_vias_attribute_is_chosen_where_there_are_several(tmp_path):
    regions = [region("cup", name="rect", x=1, y=1, width=5, height=5)]
    regions[0]["region_attributes"]["color"] = "red"
    with pytest.raises(DataError, match=r"data.attribute: the regions have the attributes color, kind: write which"):
        via(tmp_path, regions)
    assert via(tmp_path, regions, attribute="color")[0].classes == ("red",)


def test_via_without_attributes_has_one_class(tmp_path):
    data, found = via(tmp_path, [region(None, name="rect", x=1, y=1, width=5, height=5)])
    assert data.classes == ("object",) and len(found) == 1


@pytest.mark.parametrize("kind", ["labelme", "via", "yolo"])
def test_shapes_are_on_an_image_as_it_is_shown(tmp_path, kind):
    """Stored on its side, 40 × 60, shown as 60 × 40: the object is at the bottom of what is shown."""
    rectangle = [[5, 50], [15, 58]]
    image(tmp_path / "images/1.png", (40, 60), orientation=6)
    image(tmp_path / "images/2.png")
    if kind == "labelme":
        content = {"shapes": [shape("rectangle", rectangle)], "imagePath": "1.png", "imageHeight": 60, "imageWidth": 40}
        (tmp_path / "images/1.json").write_text(json.dumps(content))
        (tmp_path / "images/2.json").write_text(json.dumps({"shapes": [], "imagePath": "2.png"}))
    elif kind == "via":
        regions = [region("cup", name="rect", x=5, y=50, width=10, height=8)]
        entries = {"1.png": {"filename": "1.png", "regions": regions}, "2.png": {"filename": "2.png", "regions": []}}
        (tmp_path / "via.json").write_text(json.dumps(entries))
    else:
        corners = np.array([[5, 50], [15, 50], [15, 58], [5, 58]]) / (40, 60)
        writers.write_text(tmp_path / "labels/1.txt", "0 " + " ".join(f"{value:.6f}" for value in corners.flat))
        (tmp_path / "data.yaml").write_text("names: [cup]\ntrain: images\n")
    data = prepared(recognize(tmp_path))
    found = next(found for split in ("train", "val") for found in objects_of(data, split) if found)
    assert box(found[0][1]) == (5, 50, 15, 58) and found[0][1].shape == (60, 40)


@pytest.mark.parametrize("name", ["voc", "cityscapes", "wgisd", "mask_folder"])
def test_a_mask_of_the_size_before_exif_is_an_error_that_says_so(tmp_path, name):
    writer = {"mask_folder": writers.mask_instances}.get(name) or getattr(writers, name)
    writer(tmp_path, [shown.without_crowds() for shown in synthetic()])
    patterns = ("scene_1.jpg", "images/scene_1.png", "*_000000_left*.png")
    paths = [path for pattern in patterns for path in tmp_path.rglob(pattern)]
    assert len(paths) == 1
    image(paths[0], orientation=8)
    names = {"names": ["cup", "fork", "spoon"]} if name in ("voc", "mask_folder") else {}
    with pytest.raises(DataError, match=r"the mask is \(96, 128\).* its EXIF orientation turns on its side"):
        prepared(recognize(tmp_path) | names)


def test_wgisds_boxes_and_varieties(tmp_path):
    masks = np.zeros((*SIZE, 2), bool)
    masks[10:30, 20:40, 0] = masks[50:60, 60:90, 1] = True
    for name in ("CDY_1", "SYH_2", "CDY_3"):
        image(tmp_path / f"data/{name}.jpg")
        np.savez_compressed(tmp_path / f"data/{name}.npz", masks.astype(np.uint8))
        boxes = [(30 / WIDTH, 20 / HEIGHT, 20 / WIDTH, 20 / HEIGHT), (0.5, 0.5, 0.1, 0.1)]
        writers.write_text(tmp_path / f"data/{name}.txt", "".join(f"0 {x} {y} {w} {h}\n" for x, y, w, h in boxes))
    writers.write_text(tmp_path / "train_masked.txt", "CDY_1\nSYH_2\n")
    writers.write_text(tmp_path / "test_masked.txt", "CDY_3\n")
    data = prepared(recognize(tmp_path) | {"varieties": True}, val="test_masked")
    assert data.classes[0] == "Chardonnay" and data.classes[4] == "Syrah"
    assert [[item.category for item in record.objects] for record in data.records("train")] == [[1, 1], [5, 5]]
    first, second = data.records("train")[0].objects
    assert first.box == pytest.approx((20, 10, 20, 20)) and second.box != pytest.approx(rle.xywh(second.mask))
    (tmp_path / "data/CDY_3.txt").write_text("0 0.5\n0 1 1 1 1\n")
    (tmp_path / "data/CDY_1.txt").unlink()
    data = prepared(recognize(tmp_path), val="test_masked")
    assert np.isnan(data.records("test")[0].objects[0].box).all() and data.records("train")[0].objects[0].box is None


def colored(path, *parts):
    """Boxes, each with its color."""
    pixels = np.zeros((*SIZE, 3), np.uint8)
    for (left, top, right, bottom), color in parts:
        pixels[top:bottom, left:right] = color
    writers.save(path, pixels)


def mask(path, *boxes, value=255):
    indices = np.zeros(SIZE, np.uint8)
    for number, (left, top, right, bottom) in enumerate(boxes, 1):
        indices[top:bottom, left:right] = number if value is None else value
    writers.save(path, indices)


ONE, TWO = (5, 5, 20, 20), (40, 40, 60, 60)
RED, GREEN = (255, 0, 0), (0, 255, 0)
MASKS = {
    "binary masks beside their images": (
        lambda root, name: (image(root / f"{name}.png"), mask(root / f"{name}_mask.png", ONE, TWO)),
        {"kind": "semantic", "names": ["object"], "values": [255]},
    ),
    "numbers in one file": (
        lambda root, name: (image(root / f"images/{name}.jpg"), mask(root / f"masks/{name}.png", ONE, TWO, value=None)),
        {"kind": "instances"},
    ),
    "objects in green": (
        lambda root, name: (
            image(root / f"images/{name}.jpg"),
            colored(root / f"masks/{name}.png", (ONE, GREEN), (TWO, GREEN)),
        ),
        {"kind": "semantic", "names": ["object"], "values": [65280], "class_factor": None},
    ),
    "colors of classes, red among them": (
        lambda root, name: (
            image(root / f"images/{name}.jpg"),
            colored(root / f"masks/{name}.png", (ONE, RED), (TWO, GREEN)),
        ),
        {"kind": "semantic", "values": [255, 65280], "ignored": None},
    ),
    "gray in three channels, with a border": (
        lambda root, name: (
            image(root / f"images/{name}.jpg"),
            colored(root / f"masks/{name}.png", (ONE, 1), (TWO, 1), ((70, 5, 72, 9), 255)),
        ),
        {"kind": "semantic", "names": ["object"], "ignored": [255]},
    ),
    "a file for each object": (
        lambda root, name: (
            image(root / f"img/{name}.jpg"),
            mask(root / f"masks/{name}_1.png", ONE),
            mask(root / f"masks/{name}_2.png", TWO),
        ),
        {"kind": "objects"},
    ),
    "a folder for each image, as in the Data Science Bowl": (
        lambda root, name: (
            image(root / f"stage1_train/{name}/images/{name}.png"),
            mask(root / f"stage1_train/{name}/masks/x.png", ONE),
            mask(root / f"stage1_train/{name}/masks/y.png", TWO),
        ),
        {"kind": "objects"},
    ),
}


@pytest.mark.parametrize("layout", MASKS)
def test_layouts_of_masks_are_recognized(tmp_path, layout):
    write, keys = MASKS[layout]
    for name in ("a", "a_1", "b"):
        write(tmp_path, name)
    section = recognize(tmp_path)
    assert {key: section.get(key) for key in keys} == keys
    data = prepared(section)
    assert sum(sizes(data)[:2]) == 3
    for found in (*objects_of(data, "train"), *objects_of(data, "val")):
        assert sorted(box(mask) for _, mask, _ in found) == [ONE, TWO]


def test_ignored_values_are_no_object(tmp_path):
    for name in ("a", "b"):
        image(tmp_path / f"images/{name}.png")
        indices = np.zeros(SIZE, np.uint8)
        indices[4:22, 4:22], indices[5:20, 5:20] = 255, 1
        writers.save(tmp_path / f"masks/{name}.png", indices)
    section = {"name": "mask_folder", "root": str(tmp_path), "ignored": [255]}
    ((_, found, _),) = objects_of(prepared(section), "train")[0]
    assert box(found) == ONE


@pytest.mark.parametrize("format", ["yolo", "labelme", "coco"])
def test_names_that_no_file_can_have_are_named(tmp_path, format):
    long = "a" * 300 + ".png"
    if format == "yolo":
        (tmp_path / "data.yaml").write_text("train: train.txt\nnames: [cup]\n")
        (tmp_path / "train.txt").write_text(f"{long}\n")
    elif format == "labelme":
        (tmp_path / "a.json").write_text(json.dumps({"shapes": [], "imagePath": long}))
    else:
        content = {"images": [{"id": 1, "file_name": long}], "annotations": [], "categories": []}
        (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=r"no image|no usable image"):
        prepared(recognize(tmp_path) | {"max_bad_fraction": 1})


@pytest.mark.parametrize("split", ["valid", "test"])
def test_a_split_without_objects_is_recognized_beside_masks(tmp_path, split):
    for folder in ("train", split):
        image(tmp_path / f"images/{folder}/a.jpg")
    mask = np.zeros(SIZE, np.uint8)
    mask[2:4, 3:6] = 1
    (tmp_path / "masks/train").mkdir(parents=True)
    PIL.Image.fromarray(mask).save(tmp_path / "masks/train/a.png")
    found = "val" if split == "valid" else split
    assert recognize(tmp_path)[found] == {"images": f"images/{split}", "masks": f"masks/{split}/{{stem}}.png"}
