"""What a user types and the images that are meant: names, ids, order, and the errors."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from inference.inputs.files import InputError
from inference.inputs.find import find_inputs

ROOT = Path(__file__).resolve().parents[3]


def write_image(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((6, 8, 3), 90, np.uint8))
    return path


@pytest.fixture
def folder(tmp_path):
    """Three images in two folders, one of them without an ending, beside files that are none."""
    for name in ("b/x.jpg", "a/x.jpg", "a/y.PNG", ".hidden/z.jpg", "a/._y.jpg"):
        write_image(tmp_path / "in" / name)
    write_image(tmp_path / "in/c.png").rename(tmp_path / "in/c")
    (tmp_path / "in/notes.txt").write_text("a/x.jpg\n")
    (tmp_path / "in/broken.jpg").write_bytes(b"no image")
    return tmp_path / "in"


def listed(inputs):
    return [(item.name, item.stem, item.image_id) for item in inputs]


def test_a_folder_is_searched_to_its_end_and_sorted(folder):
    found = find_inputs([str(folder)])
    names = ["a/x.jpg", "a/y.PNG", "b/x.jpg", "broken.jpg", "c"]
    stems = ["a/x", "a/y", "b/x", "broken", "c"]
    assert listed(found) == list(zip(names, stems, range(1, 6), strict=True))
    assert found.count == 5 and [item.path for item in found] == [folder / name for name in names]
    assert listed(found) == listed(found)  # it can be iterated twice


def test_the_folder_of_the_results_is_no_input(folder):
    write_image(folder / "out/overlays/x.jpg")
    assert [item.name for item in find_inputs([str(folder)], out=folder / "out")][-1] == "c"


def test_what_a_prediction_wrote_is_no_input_of_a_folder_or_a_glob(folder):
    (folder / "out-old-1").mkdir()
    (folder / "out-old-1/predict.json").write_text("{}")
    for name in ("out", "out-old-1"):
        write_image(folder / name / "overlays/x.jpg")
    assert [item.name for item in find_inputs([str(folder)], out=folder / "out")][-1] == "c"
    found = find_inputs([str(folder / "**/x.jpg")], out=folder / "out")
    assert [item.name for item in found] == ["a/x.jpg", "b/x.jpg"]
    # who names the results means them
    assert [item.name for item in find_inputs([str(folder / "out-old-1/overlays")])] == ["x.jpg"]
    assert [item.name for item in find_inputs([str(folder / "out-old-1/overlays/*")])] == ["x.jpg"]


def test_one_file_several_files_and_a_glob(folder):
    assert listed(find_inputs([str(folder / "a/x.jpg")])) == [("x.jpg", "x", 1)]
    several = find_inputs([str(folder / "b/x.jpg"), str(folder / "a/x.jpg")])
    assert listed(several) == [("b/x.jpg", "b/x", 1), ("a/x.jpg", "a/x", 2)]
    assert [item.name for item in find_inputs([str(folder / "**/x.jpg")])] == ["a/x.jpg", "b/x.jpg"]


def test_a_name_with_brackets_is_a_file_before_it_is_a_glob(folder):
    path = write_image(folder / "x[1].jpg")
    assert [item.path for item in find_inputs([str(path)])] == [path]


def test_a_list_keeps_its_order_and_takes_addresses(folder):
    lines = ["# mine", "", "b/x.jpg", "https://example.org/a/x.jpg?size=1", f"{folder}/a/x.jpg", "b/x.jpg"]
    (folder / "list.txt").write_text("\n".join(lines))
    found = list(find_inputs([str(folder / "list.txt")]))
    assert [item.stem for item in found] == ["b/x", "example.org/a/x_size=1", "a/x"]
    assert found[1].source == "https://example.org/a/x.jpg?size=1" == found[1].name
    assert found[0].source == folder / "b/x.jpg"
    assert found[1].stamp() is None and found[0].stamp()[0] == (folder / "b/x.jpg").stat().st_size


def test_an_address_is_one_image():
    assert listed(find_inputs(["http://example.org/"])) == [("http://example.org/", "example.org/index", 1)]


def coco_json(path, images):
    path.write_text(json.dumps({"images": images}))
    return str(path)


@pytest.mark.parametrize(
    ("address", "stem"), [("http://[a/x.jpg", "http_/[a/x"), ("http://a/.", "a/index"), ("http://a//./", "a/index")]
)
def test_a_broken_address_is_an_image_that_will_fail(address, stem):
    assert listed(find_inputs([address])) == [(address, stem, 1)]


def test_a_coco_json_has_its_own_ids_and_names(folder):
    images = [{"id": 70, "file_name": "b/x.jpg"}, {"id": 8, "file_name": "a/x.jpg"}, {"id": 9, "file_name": "gone.jpg"}]
    typed = [coco_json(folder.parent / "val.json", images)]
    found = find_inputs(typed, images=folder)
    assert listed(found) == [("b/x.jpg", "b/x", 70), ("a/x.jpg", "a/x", 8), ("gone.jpg", "gone", 9)]
    with pytest.raises(InputError, match=r"none of its 3 images is below .*--images"):
        find_inputs(typed)


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([], "has no images"),
        ([{"id": 1}], "needs an `id`"),
        ([{"id": "1", "file_name": "x"}], "needs an `id`"),
        ([{"id": 1, "file_name": "x"}, {"id": 1, "file_name": "y"}], "have the id 1"),
        ([{"id": 1, "file_name": "x"}, {"id": 2, "file_name": "x"}], "have the file_name 'x'"),
    ],
)
def test_a_wrong_coco_json_is_an_error(images, error, tmp_path):
    with pytest.raises(InputError, match=error):
        find_inputs([coco_json(tmp_path / "x.json", images)])


def test_what_holds_no_image_is_an_error(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "cut.json").write_text('{"images": [')
    (tmp_path / "none.txt").write_text("# nothing\n")
    (tmp_path / "gone.txt").write_text("gone.jpg\n")
    (tmp_path / "films").mkdir()
    (tmp_path / "films/x.mp4").write_bytes(b"x")
    (tmp_path / "x.mp4").write_bytes(b"x")
    for typed, error in {
        "empty": "holds no file",
        "films": "of its 1 files none .* each of its 1 videos by itself",
        "absent": "no such file or folder",
        "in/*.tif": "No file fits",
        "cut.json": "no whole JSON",
        "none.txt": "names no image",
        "gone.txt": "none of its 1 files exists",
        "x.mp4": "cannot be opened as a video",
    }.items():
        with pytest.raises(InputError, match=error):
            find_inputs([str(tmp_path / typed)])
    for typed in ("camera:", "camera:x"):
        with pytest.raises(InputError, match="write camera:0"):
            find_inputs([typed])
    with pytest.raises(InputError, match="each must be an image file"):
        find_inputs([str(folder), str(folder / "a/x.jpg")])


def test_options_that_do_not_fit_are_errors(folder):
    with pytest.raises(InputError, match="--every and --max-frames are for videos"):
        find_inputs([str(folder)], every=2)
    with pytest.raises(InputError, match="--images names the folder of a COCO JSON"):
        find_inputs([str(folder)], images=folder)


def test_inputs_load_no_keras():
    code = "import sys, inference.inputs.find; print({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "set()"
