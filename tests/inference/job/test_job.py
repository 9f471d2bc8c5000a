"""A prediction that is interrupted, killed, resumed, or has broken images; the network is replaced by a threshold."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from base import rle
from base.interrupts import Interrupted
from inference.detections import Detections
from inference.inputs.item import Item
from inference.inputs.video import VideoInputs
from inference.job.journal import Journal
from inference.job.options import OptionsError
from inference.job.writing import Writing, WritingError
from inference.outputs.output import Output
from inference.outputs.style import Style
from tests.inference.job import bright
from tests.inference.job.bright import SPEC, found_in, options, run, stream, write_images
from tests.local_server import serving_folder

ROOT = Path(__file__).resolve().parents[3]
IMAGES = 8


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    write_images(folder, IMAGES)
    return folder


@pytest.fixture(scope="module")
def whole(images, tmp_path_factory):
    """The files of a prediction that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert run(options(images, out)) == 0
    return contents(out)


def contents(out):
    """Path → bytes; the journal's lines may be in another order after an interruption, so it is left out."""
    files = [path for path in out.rglob("*") if path.is_file()]
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in files
        if path.name not in (".lock", "predictions.jsonl")
    }


def test_all_files_are_there(whole):
    assert len([name for name in whole if name.startswith("overlays/")]) == IMAGES
    results = json.loads(whole["results.json"])
    assert [one["image_id"] for one in results] == list(range(1, IMAGES + 1))
    assert {one["category_id"] for one in results} == {5}  # the dark objects have a low score
    assert [one["file_name"] for one in json.loads(whole["images.json"])["images"]][:2] == ["a/00.png", "a/02.png"]


@pytest.mark.parametrize("files", [0, 17, 40, 50])
def test_a_killed_prediction_resumes_to_the_same_files(files, images, whole, tmp_path):
    command = [sys.executable, bright.__file__, str(images), str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([*command, str(files)], env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    read = []

    def noted(pairs):
        for one in stream(pairs):
            read.append(one.source.name)
            yield one

    assert run(options(images, tmp_path / "out"), noted) == 0
    assert contents(tmp_path / "out") == whole
    assert len(read) == len(set(read)) and (len(read) < IMAGES if files > 17 else read)


def test_ctrl_c_stops_after_what_is_done_and_the_rest_follows(images, whole, tmp_path):
    def interrupted(pairs):
        for number, one in enumerate(stream(pairs)):
            if number == 4:
                os.kill(os.getpid(), signal.SIGINT)
            yield one

    with pytest.raises(Interrupted, match="5 images predicted in") as caught:
        run(options(images, tmp_path / "out"), interrupted)
    assert caught.value.exit_code == 130
    assert not (tmp_path / "out/results.json").exists()
    assert run(options(images, tmp_path / "out")) == 0
    assert contents(tmp_path / "out") == whole


def test_one_image_is_counted_as_one(images, tmp_path):
    def interrupted(pairs):
        os.kill(os.getpid(), signal.SIGINT)
        yield from stream(pairs)

    with pytest.raises(Interrupted, match=r"stopped: 1 image predicted in .*; the same command resumes"):
        run(options(images, tmp_path / "out", save=("coco",)), interrupted)


def test_a_finished_prediction_needs_no_network(images, whole, tmp_path, capsys):
    run(options(images, tmp_path / "out"))
    (tmp_path / "out/results.json").unlink()
    assert run(options(images, tmp_path / "out"), None) == 0
    assert contents(tmp_path / "out") == whole
    printed = capsys.readouterr().out
    assert "8 images, 8 objects; predicted 8 in" in printed and "8 images, 8 objects\n" in printed


def test_broken_images_are_listed_skipped_and_tried_again(tmp_path, capsys):
    write_images(tmp_path / "in", 3)
    broken = tmp_path / "in/a/01.png"
    broken.write_bytes(b"no image")
    assert run(options(tmp_path / "in", tmp_path / "out")) == 4
    assert (tmp_path / "out/failed.txt").read_text().startswith("a/01.png\t")
    assert f"failed: a/01.png: {broken}: does not decode" in capsys.readouterr().out
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert [one["image_id"] for one in results] == [1, 3, 4]
    broken.write_bytes((tmp_path / "in/b/01.png").read_bytes())
    assert run(options(tmp_path / "in", tmp_path / "out")) == 0
    assert not (tmp_path / "out/failed.txt").exists()
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert [one["image_id"] for one in results] == [1, 2, 3, 4]


def test_an_image_that_its_format_cannot_hold_is_a_failed_one(tmp_path, capsys):
    write_images(tmp_path / "in", 4)
    cv2.imwrite(str(tmp_path / "in/a/01.png"), np.full((4, 65_501, 3), 230, np.uint8))
    chosen = options(tmp_path / "in", tmp_path / "out", save=("overlay", "coco"))
    assert run(chosen) == 4
    printed = capsys.readouterr().out
    assert "failed: a/01.png: 01.jpg: a side of a JPEG has at most 65,500 pixels" in printed
    assert "this image has 65501×4; choose --image-format png" in printed and "\n1 image failed" in printed
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert [one["image_id"] for one in results] == [1, 3, 4, 5]
    assert len(list((tmp_path / "out/overlays").rglob("*.*"))) == 4
    chosen = options(tmp_path / "in", tmp_path / "png", save=("overlay", "coco"), style=Style(image_format="png"))
    assert run(chosen) == 0
    assert cv2.imread(str(tmp_path / "png/overlays/a/01.png")).shape == (4, 65_501, 3)


def test_names_that_are_no_utf8_are_predicted_and_reported(tmp_path):
    write_images(tmp_path / "in", 1)
    name = os.fsdecode(b"caf\xe9.png")
    (tmp_path / "in/a/00.png").rename(tmp_path / "in/a" / name)
    (tmp_path / "in/a" / os.fsdecode(b"\xe9.jpg")).write_bytes(b"no image")
    assert run(options(tmp_path / "in", tmp_path / "out")) == 4
    assert (tmp_path / "out/overlays/a/caf_.jpg").is_file() and (tmp_path / "out/yolo/images/a/caf_.png").is_file()
    assert json.loads((tmp_path / "out/labelme/a/caf_.json").read_text())["imagePath"] == "caf_.jpg"
    assert json.loads((tmp_path / "out/images.json").read_text())["images"][0]["file_name"] == "a/caf?.png"
    assert (tmp_path / "out/failed.txt").read_text().startswith("a/?.jpg\t")


def test_names_that_no_file_can_have_are_reported(tmp_path):
    write_images(tmp_path, 1)
    names = ["a/00.png", "a\0.png", "\ud83d.png"]
    listed = [{"id": number, "file_name": name} for number, name in enumerate(names, 4)]
    (tmp_path / "in.json").write_text(json.dumps({"images": listed}))
    assert run(options(tmp_path / "in.json", tmp_path / "out")) == 4
    assert len((tmp_path / "out/failed.txt").read_text().splitlines()) == 2
    assert [one["id"] for one in json.loads((tmp_path / "out/images.json").read_text())["images"]] == [4]


def test_addresses_of_this_machine_are_read_where_that_is_allowed(tmp_path):
    write_images(tmp_path / "in", 1)
    with serving_folder(tmp_path / "in") as server:
        (tmp_path / "list.txt").write_text(f"{server.address}/a/00.png\n")
        assert run(options(tmp_path / "list.txt", tmp_path / "no")) == 4
        assert run(options(tmp_path / "list.txt", tmp_path / "yes", allow_private=True)) == 0
    assert (tmp_path / "no/failed.txt").read_text().startswith(f"{server.address}/a/00.png\t")
    (found,) = json.loads((tmp_path / "yes/images.json").read_text())["images"]
    assert found["file_name"] == f"{server.address}/a/00.png"
    stem = f"127.0.0.1_{server.server_port}/a/00"
    assert (tmp_path / f"yes/overlays/{stem}.jpg").is_file()
    assert json.loads((tmp_path / f"yes/labelme/{stem}.json").read_text())["imagePath"] == "00.jpg"


def test_more_images_are_added_and_changed_ones_refused(tmp_path):
    write_images(tmp_path / "in", 3)
    run(options(tmp_path / "in", tmp_path / "out"))
    (tmp_path / "in/a/00b.png").write_bytes((tmp_path / "in/a/00.png").read_bytes())
    assert run(options(tmp_path / "in", tmp_path / "out")) == 0
    images = json.loads((tmp_path / "out/images.json").read_text())["images"]
    assert [(one["id"], one["file_name"]) for one in images][:2] == [(1, "a/00.png"), (2, "a/00b.png")]
    cv2.imwrite(str(tmp_path / "in/b/01.png"), np.zeros((9, 9, 3), np.uint8))
    with pytest.raises(OptionsError, match=r"images that were changed since then: b/01.png\. Choose"):
        run(options(tmp_path / "in", tmp_path / "out"))


def test_classes_scores_and_numbers_of_objects(images, tmp_path):
    def found(name, **changes):
        out = tmp_path / name
        run(options(images, out, save=("coco",), **changes))
        return [one["category_id"] for one in json.loads((out / "results.json").read_text())]

    assert found("all", score=0.0) == [5, 9] * IMAGES
    assert found("dark", score=0.0, classes=("dark",)) == [9] * IMAGES
    assert found("one", score=0.0, max_detections=1) == [5] * IMAGES
    with pytest.raises(OptionsError, match="--classes brigt: the model has no such class; did you mean 'bright'"):
        found("none", classes=("brigt",))


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 4, (50, 30))
    for number in range(10):
        frame = np.full((30, 50, 3), 40, np.uint8)
        frame[5:10, 4 : 20 + number] = 230
        writer.write(frame)
    writer.release()
    return path


def frames_of(path):
    capture = cv2.VideoCapture(str(path))
    found = []
    while (read := capture.read())[0]:
        found.append(read[1])
    return np.stack(found)


def test_an_interrupted_video_becomes_the_same_video(video, tmp_path):
    chosen = {"save": ("video", "coco", "csv"), "style": Style(video_format="avi")}
    assert run(options(video, tmp_path / "whole", **chosen)) == 0

    def stopped(pairs):
        for number, one in enumerate(stream(pairs)):
            if number == 6:
                raise RuntimeError("killed")
            yield one

    with pytest.raises(RuntimeError):
        run(options(video, tmp_path / "out", **chosen), stopped)
    assert run(options(video, tmp_path / "out", **chosen)) == 0
    assert len(frames_of(tmp_path / "out/video.avi")) == 10
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    rows = (tmp_path / "out/objects.csv").read_text().splitlines()
    assert rows[4].startswith("clip-000003.jpg,4,0.75,1,bright,5,")


class Full(Output):
    """The disk is full from the fourth image."""

    def write(self, item, image, detections):
        if item.image_id > 3:
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self, finished):
        return self.target.folder


def test_a_full_disk_is_one_clear_error(images, tmp_path):
    with pytest.raises(WritingError, match=r"full\. Free space, then start the same command again: it resumes"):
        run(options(images, tmp_path / "out", save=(f"{Full.__module__}:Full",)))
    assert len(Journal(tmp_path / "out/predictions.jsonl", SPEC.classes, SPEC.category_ids)) == 3


def test_few_images_wait_for_slow_writers(tmp_path):
    class Slow(Output):
        most = now = 0

        def __init__(self):
            pass

        def write(self, item, image, detections):
            Slow.most = max(Slow.most, put - len(journal))

        def close(self, finished):
            return tmp_path

    put = 0
    journal = Journal(tmp_path / "predictions.jsonl", SPEC.classes, SPEC.category_ids)
    image = np.zeros((4, 4, 3), np.uint8)
    with Writing([Slow()], journal, tmp_path) as writing:
        for put in range(1, 200):
            writing.put(Item(f"{put}", f"{put}", put, image), image, found_in(image))
    assert len(journal) == 199 and Slow.most <= 2 * 8 + 3
    assert [item.image_id for item in journal.items()] == list(range(1, 200))


def test_frames_of_a_camera_end_with_ctrl_c_and_all_files_are_written(video, tmp_path, monkeypatch):
    monkeypatch.setattr(bright, "find_inputs", lambda *_: camera(video))

    def interrupted(pairs):
        for number, one in enumerate(stream(pairs)):
            if number == 2:
                os.kill(os.getpid(), signal.SIGINT)
            yield one

    chosen = options("camera:0", tmp_path / "out", save=("video", "coco"))
    assert run(chosen, interrupted) == 0
    assert len(frames_of(tmp_path / "out/video.mp4")) == 3
    assert len(json.loads((tmp_path / "out/images.json").read_text())["images"]) == 3


def camera(video):
    """The frames of a video, as a camera would show them."""
    inputs = VideoInputs(video)
    inputs.kind, inputs.count = "camera", None
    return inputs


def test_masks_are_of_the_images_own_size(whole):
    sizes = {one["id"]: (one["height"], one["width"]) for one in json.loads(whole["images.json"])["images"]}
    for one in json.loads(whole["results.json"]):
        assert rle.decode(one["segmentation"]).shape == sizes[one["image_id"]]
    assert isinstance(found_in(np.zeros((4, 4, 3), np.uint8)), Detections)
