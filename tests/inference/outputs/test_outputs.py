"""Every kind of files, read back and compared with the detections that it was made from."""

import contextlib
import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import yaml
from pycocotools.coco import COCO

from base import rle
from base.polygons import rasterize
from inference.drawing import palette
from inference.job.job import make_outputs
from inference.label_map import LabelMap
from inference.outputs.output import Output, Target
from inference.outputs.style import Style
from tests.inference.outputs.cases import IDS, NAMES, SIZE, detections, image, item, masks
from utils.errors import UserError
from utils.registry import OUTPUTS

EXACT = Style(image_format="png")


def labels():
    """Every class and the background."""
    found = np.zeros(SIZE, np.uint8)
    found[5:20, 4:30], found[25:35, 4:30], found[5:35, 40:55] = 1, 2, 3
    return LabelMap(found, NAMES, IDS)


def write(name, folder, one, found=None, style=EXACT, fps=None):
    """Writes one image by an output, and what is made of all; returns what `close` names."""
    found = detections() if found is None else found
    output = make_outputs([name], Target(folder, NAMES, IDS, style, fps, type(found)))[name]
    output.write(one, image(), found)
    return output.close(lambda: iter([(one, found)]))


def test_overlays_mirror_the_folders(tmp_path):
    folder = write("overlay", tmp_path, item())
    drawn = cv2.imread(str(folder / "a/x.png"))[..., ::-1]
    assert drawn.shape == (*SIZE, 3) and (drawn != image()).any()
    assert (write("overlay", tmp_path / "jpg", item(), style=Style()) / "a/x.jpg").is_file()


def test_overlays_look_as_the_style_says(tmp_path):
    def pixel(name, **look):
        style = Style(image_format="png", labels=False, scores=False, **look)
        folder = write("overlay", tmp_path / name, item(), style=style)
        return cv2.imread(str(folder / "a/x.png"))[..., ::-1]

    gray = pixel("gray", gray=True, boxes=False)
    background = ~masks().any(0) & (np.arange(SIZE[1]) > 50)[None] & (np.arange(SIZE[0]) < 30)[:, None]
    assert (gray[background] == gray[background][:, :1]).all() and (gray[8, 8] == image()[8, 8]).all()
    by_class, by_object = pixel("class", color="class"), pixel("instance", color="instance")
    assert (by_class[12, 10] != by_object[12, 10]).any()
    assert (pixel("boxes")[39, 20] != pixel("none", boxes=False)[39, 20]).any()


def test_index_images_have_the_best_object_on_top_and_a_palette(tmp_path):
    folder = write("index", tmp_path, item())
    instances = PIL.Image.open(folder / "instances/a/x.png")
    rectangle, ring, pixel, _ = masks()
    expected = np.where(rectangle, 1, np.where(ring, 2, np.where(pixel, 3, 0)))
    assert instances.mode == "P" and (rectangle & ring).any()
    np.testing.assert_array_equal(np.asarray(instances), expected)
    classes = np.asarray(PIL.Image.open(folder / "classes/a/x.png"))
    np.testing.assert_array_equal(classes, np.array([0, 2, 1, 3])[expected])
    colors = np.asarray(instances.convert("RGB"))
    np.testing.assert_array_equal(colors[10, 10], palette(1)[0])
    np.testing.assert_array_equal(colors[0, 0], (0, 0, 0))


def test_more_than_255_objects_make_an_index_image_of_16_bits(tmp_path):
    many = detections().take(np.array([0] * 255 + [2]))
    folder = write("index", tmp_path, item(), many)
    found = np.asarray(PIL.Image.open(folder / "instances/a/x.png"))
    assert sorted(np.unique(found)) == [0, 1, 256]


def test_cutouts_are_transparent_around_the_object(tmp_path):
    folder = write("cutouts", tmp_path, item())
    names = ["x-001-long haired_dog.png", "x-002-cat.png", "x-003-tree.png"]
    assert sorted(path.name for path in (folder / "a").iterdir()) == names  # an empty mask has none
    ring = cv2.cvtColor(cv2.imread(str(folder / "a/x-002-cat.png"), cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGBA)
    left, top, width, height = (int(value) for value in rle.xywh(detections().masks[1]))
    window = np.s_[top : top + height, left : left + width]
    np.testing.assert_array_equal(ring[..., 3], masks()[1][window] * 255)
    np.testing.assert_array_equal(ring[..., :3], image()[window])


def test_pycocotools_loads_the_results(tmp_path):
    path = write("coco", tmp_path, item(image_id=70))
    with contextlib.redirect_stdout(io.StringIO()):
        images = COCO(str(tmp_path / "images.json"))
        results = images.loadRes(str(path))
    assert images.loadImgs(70)[0] == {"id": 70, "file_name": "a/x.jpg", "height": 40, "width": 60}
    assert {one["id"]: one["name"] for one in images.dataset["categories"]} == dict(zip(IDS, NAMES, strict=True))
    annotations = results.loadAnns(results.getAnnIds(70))
    assert [one["category_id"] for one in annotations] == [17, 3, 90, 90]
    np.testing.assert_array_equal([results.annToMask(one) for one in annotations], masks())
    np.testing.assert_allclose(annotations[0]["bbox"], [4.1, 5.2, 25.6, 14.8], atol=0.005)
    np.testing.assert_allclose([one["score"] for one in annotations], detections().scores, atol=1e-6)
    keys = {"image_id", "category_id", "bbox", "segmentation", "score"}
    assert all(set(one) == keys for one in json.loads(path.read_text()))


def test_results_without_an_object_are_an_empty_list(tmp_path):
    path = write("coco", tmp_path, item(), detections().at_least(1))
    assert json.loads(path.read_text()) == []
    assert len(json.loads((tmp_path / "images.json").read_text())["images"]) == 1


def test_the_table_has_a_row_for_each_object(tmp_path):
    path = write("csv", tmp_path, item())
    rows = list(csv.DictReader(path.open(encoding="utf-8", newline="")))
    assert [row["class"] for row in rows] == ["long haired/dog", "cat", "tree", "tree"]
    assert [int(row["area"]) for row in rows] == masks().sum((1, 2)).tolist()
    first = {"file": "a/x.jpg", "image_id": "7", "time_s": "1.5", "object": "1", "category_id": "17", "x": "4.1"}
    assert first.items() <= rows[0].items()


def labelme_masks(path):
    """The objects of a LabelMe file: shapes of one group are one object."""
    content = json.loads(path.read_text())
    objects = {}
    for number, shape in enumerate(content["shapes"]):
        key = ("group", shape["group_id"]) if shape["group_id"] is not None else number
        objects.setdefault(key, []).append(np.array(shape["points"]))
    size = (content["imageHeight"], content["imageWidth"])
    found = [rle.decode(rle.union([rasterize([part], *size) for part in parts])) for parts in objects.values()]
    return content, np.stack(found)


def test_labelme_opens_the_image_and_has_the_same_masks(tmp_path):
    folder = write("labelme", tmp_path / "out", item(tmp_path / "in/a/x.png"))
    content, found = labelme_masks(folder / "a/x.json")
    np.testing.assert_array_equal(found, masks()[:3])  # an empty mask has no polygon
    assert [shape["label"] for shape in content["shapes"]] == ["long haired/dog", "cat", "cat", "tree"]
    assert [shape["group_id"] for shape in content["shapes"]] == [None, 2, 2, None]
    assert content["imagePath"] == "../../../in/a/x.png" and content["imageData"] is None
    assert {shape["shape_type"] for shape in content["shapes"]} == {"polygon"} and content["version"][0] == "5"


def test_labelme_has_a_copy_of_an_image_without_a_file(tmp_path):
    folder = write("labelme", tmp_path, item())
    assert json.loads((folder / "a/x.json").read_text())["imagePath"] == "x.jpg"
    assert cv2.imread(str(folder / "a/x.jpg")).shape == (*SIZE, 3)


def test_yolo_has_the_same_masks(tmp_path):
    one = item(tmp_path / "in/a/x.PNG")
    folder = write("yolo", tmp_path / "out", one)
    lines = [line.split() for line in (folder / "labels/a/x.txt").read_text().splitlines()]
    assert [line[0] for line in lines] == ["1", "0", "2"]
    polygons = [np.array(line[1:], float).reshape(-1, 2) * SIZE[::-1] for line in lines]
    np.testing.assert_array_equal([rle.decode(rasterize([polygon], *SIZE)) for polygon in polygons], masks()[:3])
    assert (folder / "images/a/x.png").read_bytes() == one.path.read_bytes()
    described = yaml.safe_load((folder / "data.yaml").read_text())
    assert described["names"] == dict(enumerate(NAMES)) and described["train"] == "images"


def test_an_image_without_objects_has_an_empty_yolo_file(tmp_path):
    folder = write("yolo", tmp_path, item(), detections().at_least(1))
    assert (folder / "labels/a/x.txt").read_text() == ""


def test_polygons_have_fewer_corners_with_a_tolerance(tmp_path):
    def corners(tolerance):
        folder = write("labelme", tmp_path / str(tolerance), item(), style=Style(tolerance=tolerance))
        content, found = labelme_masks(folder / "a/x.json")
        union, both = np.count_nonzero(found[1] | masks()[1]), np.count_nonzero(found[1] & masks()[1])
        return sum(len(shape["points"]) for shape in content["shapes"]), both / union

    (exact, same), (fewer, near) = corners(0.0), corners(0.75)
    assert same == 1 and fewer < 0.7 * exact and near > 0.9


@pytest.mark.parametrize("ending", ["mp4", "webm", "avi"])
@pytest.mark.parametrize("size", [SIZE, (39, 61)])
def test_a_video_has_a_frame_for_each_image(ending, size, tmp_path):
    target = Target(tmp_path, NAMES, IDS, Style(video_format=ending), fps=5)
    output = make_outputs(["video"], target)["video"]
    assert output.ordered
    nothing = replace(detections().at_least(1), size=size)
    for number in range(9):
        frame = np.full((*size, 3), (200, 20 * number, 0), np.uint8)
        output.write(item(stem=f"clip-{number}"), frame, nothing)
    path = output.close(lambda: iter(()))
    assert path == tmp_path / f"video.{ending}" and [path] == list(tmp_path.iterdir())
    capture = cv2.VideoCapture(str(path))
    frames = [capture.read()[1] for _ in range(9)]
    assert not capture.read()[0] and capture.get(cv2.CAP_PROP_FPS) == 5
    for number, frame in enumerate(frames):
        height, width = frame.shape[:2]
        assert abs(height - size[0]) <= 1 and abs(width - size[1]) <= 1
        np.testing.assert_allclose(frame.mean((0, 1)), (0, 20 * number, 200), atol=14)


def test_a_video_without_all_of_its_frames_is_an_error(tmp_path):
    output = make_outputs(["video"], Target(tmp_path, NAMES, IDS, fps=5))["video"]
    for number in range(4):
        output.write(item(stem=f"clip-{number}"), image(), detections())
    output._frames += 1  # as if the last one had not reached the disk
    with pytest.raises(OSError, match="4 of 5 frames were written; is the disk full"):
        output.close(lambda: iter(()))
    assert not (tmp_path / "video.mp4").exists()


def test_a_video_is_made_of_videos_only(tmp_path):
    with pytest.raises(UserError, match="--save video needs a video or a camera"):
        make_outputs(["video"], Target(tmp_path, NAMES, IDS))


class Counts(Output):
    """A user's own output."""

    def close(self, finished):
        path = self.target.folder / "counts.txt"
        path.write_text("".join(f"{one.name} {len(found)}\n" for one, found in finished()))
        return path


def test_an_output_of_your_own_needs_no_registration(tmp_path):
    name = f"{Counts.__module__}:Counts"
    one = item()
    output = make_outputs([name], Target(tmp_path, NAMES, IDS))[name]
    output.write(one, image(), detections())
    assert output.close(lambda: iter([(one, detections())])).read_text() == "a/x.jpg 4\n"


def test_every_output_writes_below_its_folder_only(tmp_path):
    source = item(tmp_path / "in/x.png", stem="x")
    for name in sorted(OUTPUTS):
        found = labels() if name == "labels" else None
        assert write(name, tmp_path / "out", source, found, fps=2).is_relative_to(tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["x.png"]
    assert not list(Path(tmp_path / "out").rglob(".writing-*"))


@pytest.mark.parametrize("colors", ["distinct", "voc", "cityscapes"])
def test_label_images_have_the_labels_and_the_palette(tmp_path, colors):
    folder = write("labels", tmp_path, item(), labels(), Style(palette=colors))
    with PIL.Image.open(folder / "a/x.png") as found:
        assert found.mode == "P"
        np.testing.assert_array_equal(np.asarray(found), labels().labels)
        np.testing.assert_array_equal(np.asarray(found.convert("RGB")), labels().colored(colors))


def test_labels_are_drawn_with_the_palette_and_the_style(tmp_path):
    for colors in ("voc", "cityscapes"):
        style = Style(image_format="png", palette=colors, labels=False)
        folder = write("overlay", tmp_path / colors, item(), labels(), style)
        drawn = cv2.imread(str(folder / "a/x.png"))[..., ::-1]
        np.testing.assert_array_equal(drawn, labels().draw(image(), palette=colors, labels=False))


def test_labels_as_coco_results_are_those_of_stuff_segmentation(tmp_path):
    results = json.loads(write("coco", tmp_path, item(), labels()).read_text())
    assert {(one["category_id"], rle.area(one["segmentation"])) for one in results} == {(3, 390), (17, 260), (90, 450)}
    assert json.loads((tmp_path / "images.json").read_text())["images"][0]["height"] == SIZE[0]


@pytest.mark.parametrize("name", ["cutouts", "csv", "yolo", "labelme", "index"])
def test_what_is_made_from_objects_takes_no_labels(tmp_path, name):
    with pytest.raises(UserError, match="is made from Detections, and this model predicts LabelMap; by default"):
        write(name, tmp_path, item(), labels())
    with pytest.raises(UserError, match="is made from LabelMap, and this model predicts Detections"):
        write("labels", tmp_path, item(), detections())
