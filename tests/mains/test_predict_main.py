"""The main from its command line to its files, by a tiny network; the rest is in tests/inference/job and outputs."""

import csv
import functools
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
import yaml

from base import rle
from base.checkpoint import CheckpointError
from base.polygons import rasterize
from inference.inputs.files import InputError
from inference.job.folder import ResultsError
from inference.job.options import OptionsError
from inference.predictor import Predictor
from inference.tiling import Tiling
from inference.tta import Tta
from mains import predict_main
from tests.inference.tiny_run import CATEGORY_IDS, write_run

ROOT = Path(__file__).resolve().parents[2]
ALL = ("overlay", "index", "cutouts", "coco", "csv", "yolo", "labelme")
SIZES = {"a/x.png": (50, 90), "b/x.png": (120, 64), "c.jpg": (70, 70)}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "tiny")


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number, (name, size) in enumerate(SIZES.items()):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), np.random.default_rng(number).integers(0, 256, (*size, 3), np.uint8))
    return folder


@pytest.fixture(scope="module")
def load(run):
    """`Predictor.load`, which builds and compiles a network once for all tests."""
    return functools.cache(Predictor.load)


@pytest.fixture
def predict(run, load, monkeypatch, fresh_log):
    """Calls the main with these words."""
    monkeypatch.setattr(Predictor, "load", load)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["predict_main.py", *map(str, words)])
        return predict_main.main()

    return lambda *words: call(run, *words)


@pytest.fixture(scope="module")
def expected(run, load, images):
    """What the Predictor finds, the three best of each image."""
    predictor = load(run / "checkpoints/ckpt-00001", batch_size=3, tile=None, tta=None)
    found = predictor.predict_all([images / name for name in SIZES])
    return {name: one.take(np.arange(3)) for name, one in zip(SIZES, found, strict=True)}


def test_every_output_is_what_the_predictor_finds(predict, images, expected, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["--in-path", images, "--out-path", out, "--score", 0, "--max-detections", 3]
    assert predict(*words, "--save", *ALL, "--tolerance", 0, "--image-format", "png") == 0
    results = json.loads((out / "results.json").read_text())
    rows = list(csv.DictReader((out / "objects.csv").open(newline="")))
    assert len(results) == len(rows) == 9 and {one["category_id"] for one in results} <= set(CATEGORY_IDS)
    assert yaml.safe_load((out / "yolo/data.yaml").read_text())["names"] == {0: "rectangle", 1: "ellipse"}
    for image_id, (name, found) in enumerate(expected.items(), 1):
        stem, size = name.rpartition(".")[0], SIZES[name]
        assert [one for one in results if one["image_id"] == image_id] == found.to_coco(image_id)
        assert [float(row["score"]) for row in rows if row["file"] == name] == [
            round(float(score), 6) for score in found.scores
        ]
        masks = found.pixels()
        index = np.asarray(PIL.Image.open(out / f"index/instances/{stem}.png"))
        best = np.where(masks.any(0), masks.argmax(0) + 1, 0)
        np.testing.assert_array_equal(index, best)
        np.testing.assert_array_equal(labelme(out / f"labelme/{stem}.json"), masks[masks.any((1, 2))])
        np.testing.assert_array_equal(yolo(out / f"yolo/labels/{stem}.txt", size), masks[masks.any((1, 2))])
        assert cv2.imread(str(out / f"overlays/{stem}.png")).shape[:2] == size
        for number, mask in enumerate(found.masks, 1):
            cutouts = list((out / "cutouts").glob(f"{stem}-{number:03d}-*.png"))
            alpha = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., 3] for path in cutouts]
            assert sum(np.count_nonzero(one) for one in alpha) == rle.area(mask)
    printed = capsys.readouterr().out
    assert "3 images, 9 objects; predicted 3 in" in printed and str(out / "results.json") in printed
    assert f"labelme {out}/labelme" in printed


def labelme(path):
    content = json.loads(path.read_text())
    assert (path.parent / content["imagePath"]).is_file()
    size, objects = (content["imageHeight"], content["imageWidth"]), {}
    for number, shape in enumerate(content["shapes"]):
        key = -1 - number if shape["group_id"] is None else shape["group_id"]
        objects.setdefault(key, []).append(rasterize([np.array(shape["points"])], *size))
    return [rle.decode(rle.union(parts)) for parts in objects.values()]


def yolo(path, size):
    polygons = [np.array(line.split()[1:], float).reshape(-1, 2) * size[::-1] for line in path.open()]
    return [rle.decode(rasterize([polygon], *size)) for polygon in polygons]


def test_a_broken_image_is_exit_code_4_and_is_tried_again(predict, images, tmp_path, capsys, monkeypatch):
    broken = tmp_path / "in/broken.jpg"
    for name in SIZES:
        copy = tmp_path / "in" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes((images / name).read_bytes())
    broken.write_bytes(b"no image")
    words = ["--in-path", tmp_path / "in", "--out-path", tmp_path / "out", "--batch-size", 3]
    assert predict(*words) == 4
    assert "failed: broken.jpg: " in capsys.readouterr().out
    broken.write_bytes((images / "c.jpg").read_bytes())
    assert predict(*words) == 0
    printed = capsys.readouterr().out
    assert "4 images" in printed and "predicted 1 in" in printed
    monkeypatch.setattr(Predictor, "load", None)  # no network is needed where nothing is left
    assert predict(*words) == 0


def test_other_settings_are_refused_and_a_restart_keeps_the_old_files(predict, images, tmp_path):
    words = ["--in-path", images / "c.jpg", "--out-path", tmp_path / "out", "--save", "coco"]
    assert predict(*words, "--score", 0) == 0  # a batch of one
    before = (tmp_path / "out/results.json").read_bytes()
    with pytest.raises(ResultsError, match=r"score: 0.0 then, 0.9 now"):
        predict(*words, "--score", 0.9)
    assert (tmp_path / "out/results.json").read_bytes() == before
    assert predict(*words, "--score", 0.9, "--restart") == 0
    assert (tmp_path / "out-old-1/results.json").read_bytes() == before


def test_the_current_folder_takes_results_and_is_restarted(predict, images, tmp_path, monkeypatch, capsys):
    (tmp_path / "out").mkdir()
    words = ["--in-path", images / "c.jpg", "--out-path", ".", "--save", "coco"]
    for score, restart in ((0, ()), (0.9, ("--restart",))):
        monkeypatch.chdir(tmp_path / "out")
        assert predict(*words, "--score", score, *restart) == 0
    assert json.loads((tmp_path / "out/predict.json").read_text())["score"] == 0.9
    assert json.loads((tmp_path / "out-old-1/predict.json").read_text())["score"] == 0
    assert f"is in {tmp_path}/out-old-1 now; type `cd {tmp_path}/out` to see the new folder" in capsys.readouterr().out


def test_a_restart_moves_the_link_and_leaves_the_folder_that_it_leads_to(predict, images, tmp_path, monkeypatch):
    (tmp_path / "disk/in").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").symlink_to("disk/in")
    words = ["--in-path", images / "c.jpg", "--save", "coco"]
    assert predict(*words, "--out-path", "out", "--score", 0) == 0
    assert json.loads((tmp_path / "disk/in/predict.json").read_text())["score"] == 0
    assert predict(*words, "--out-path", "out/", "--score", 0.9, "--restart") == 0
    assert json.loads((tmp_path / "disk/in/predict.json").read_text())["score"] == 0
    assert (tmp_path / "out-old-1").readlink() == Path("disk/in")
    assert not (tmp_path / "out").is_symlink()
    assert json.loads((tmp_path / "out/predict.json").read_text())["score"] == 0.9


def test_a_checkpoint_is_named_by_its_name_or_path(predict, run, images, tmp_path):
    for number, name in enumerate(("ckpt-00001", run / "checkpoints/ckpt-00001", run)):
        out = tmp_path / str(number)
        words = ["--in-path", images / "c.jpg", "--out-path", out, "--save", "coco"]
        assert predict(*words, "--checkpoint", name) == 0
        assert json.loads((out / "predict.json").read_text())["checkpoint"] == "ckpt-00001"


def test_ids_of_a_coco_json_are_kept(predict, images, tmp_path):
    listed = [{"id": 900, "file_name": "c.jpg"}, {"id": 12, "file_name": "b/x.png"}]
    (tmp_path / "val.json").write_text(json.dumps({"images": listed}))
    words = ["--in-path", tmp_path / "val.json", "--images", images, "--out-path", tmp_path / "out", "--score", 0]
    assert predict(*words, "--save", "coco", "--batch-size", 1) == 0
    found = json.loads((tmp_path / "out/images.json").read_text())["images"]
    assert [(one["id"], one["file_name"], one["height"]) for one in found] == [(900, "c.jpg", 70), (12, "b/x.png", 120)]
    assert {one["image_id"] for one in json.loads((tmp_path / "out/results.json").read_text())} == {900, 12}


def test_a_video_becomes_a_video(predict, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 6, (64, 48))
    for number in range(9):
        writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
    writer.release()
    assert (
        predict("--in-path", tmp_path / "clip.mp4", "--out-path", tmp_path / "out", "--every", 2, "--batch-size", 3)
        == 0
    )
    capture = cv2.VideoCapture(str(tmp_path / "out/video.mp4"))
    assert [capture.read()[0] for _ in range(6)] == [True] * 5 + [False]
    assert capture.get(cv2.CAP_PROP_FPS) == 3
    assert len(json.loads((tmp_path / "out/images.json").read_text())["images"]) == 5


def test_tiles_and_views_are_those_of_the_predictor(predict, run, load, images, tmp_path):
    words = ["--in-path", images / "b/x.png", "--out-path", tmp_path / "out", "--score", 0, "--save", "coco"]
    assert predict(*words, "--tile", 40, "--overlap", 0.25, "--tta", "flip", 0.5, "--batch-size", 3) == 0
    chosen = {"batch_size": 3, "tile": Tiling(40, 0.25), "tta": Tta(flip_x=True, scales=(0.5,))}
    found = load(run / "checkpoints/ckpt-00001", **chosen).predict(images / "b/x.png")
    assert json.loads((tmp_path / "out/results.json").read_text()) == found.to_coco(1)
    with pytest.raises(ResultsError, match=r"tile: .*40"):
        predict(*words)


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (["--save", "overlays"], OptionsError, "--save overlays: there is no such output; did you mean overlay"),
        (["--score", "1.5"], OptionsError, "--score 1.5: give a number from 0 to 1"),
        (["--score", "nan"], OptionsError, "--score nan"),
        (["--tile", "-5"], OptionsError, "--tile -5"),
        (["--tile", "40", "0"], OptionsError, "--tile 40 0: give 1 or more for each size"),
        (["--overlap", "1"], OptionsError, "--overlap 1.0: give a number from 0 to 0.9"),
        (["--tta", "flop"], OptionsError, "--tta flop: give flip, flip_y, and sizes"),
        (["--tta", "1.5"], OptionsError, "--tta 1.5: give flip"),
        (["--batch-size", "0"], OptionsError, "--batch-size 0: give 1 or more"),
        (["--ckpt", "x"], OptionsError, "once, first or as --ckpt"),
        (["--checkpoint", "ckpt-00007"], CheckpointError, "no checkpoint ckpt-00007: give .*: ckpt-00001"),
        (["--classes", "elipse"], OptionsError, "did you mean 'ellipse'"),
        (["--every", "2"], InputError, "--every and --max-frames are for videos"),
    ],
)
def test_wrong_options_are_errors_before_anything_is_written(words, error, message, predict, images, tmp_path):
    with pytest.raises(error, match=message):
        predict("--in-path", images, "--out-path", tmp_path / "out", *words)
    assert not list(tmp_path.glob("out/*"))


def start(*words, folder):
    command = [sys.executable, str(ROOT / "mains/predict_main.py"), *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_the_command_line_explains_itself_and_needs_no_keras_for_that(run, images, tmp_path):
    shown = start("--help", folder=tmp_path)
    assert shown.returncode == 0 and "4 where some images could not be predicted" in " ".join(shown.stdout.split())
    for words, message in (
        ([run, "--in-path", images], "--out-path"),
        ([run, "--in-path", "absent", "--out-path", "out"], "error: absent: there is no such file or folder"),
        (["absent", "--in-path", images, "--out-path", "out"], "error: There is no checkpoint in absent"),
    ):
        refused = start(*words, folder=tmp_path)
        assert refused.returncode == 2 and message in refused.stderr and "Traceback" not in refused.stderr
    code = "import sys, mains.predict_main; print({'keras', 'tensorflow', 'jax', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert found.stdout.strip() == "set()"
