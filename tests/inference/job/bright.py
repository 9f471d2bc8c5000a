"""A prediction without a network: the object of an image is what is bright in it. Also a program, for kills.

`python bright.py IN OUT [N]` predicts a folder and kills itself as soon as N whole files are written.
"""

import os
import signal
import sys
from pathlib import Path

import cv2
import numpy as np

from base import rle
from base.batch import DataSpec
from data_loader.errors import DataError
from inference.detections import Detections
from inference.inputs.find import find_inputs
from inference.job.folder import open_results
from inference.job.job import Job
from inference.job.options import Options
from inference.outputs.style import Style
from inference.stream import Predicted

SPEC = DataSpec("instance", ("bright", "dark"), (64, 64), category_ids=(5, 9))


def options(in_path, out, **changes):
    """Options of a user, where `changes` name no others the defaults."""
    default = {
        "run": Path("run"), "which": "best", "in_path": (str(in_path),), "out": Path(out), "images": None, "every": 1,
        "max_frames": None, "score": 0.5, "classes": (), "max_detections": None, "batch_size": 4, "tile": None,
        "tta": None, "restart": False,
        "allow_private": False,
        "save": ("overlay", "index", "cutouts", "coco", "csv", "yolo", "labelme"),
        "style": Style(tolerance=0),
    }  # fmt: skip
    return Options(**{**default, **changes})


def write_images(folder, count):
    """Images of several sizes in two folders, a bright rectangle in each."""
    for number in range(count):
        image = np.full((30 + number, 50, 3), 40, np.uint8)
        image[5 : 10 + number, 4:20] = 230
        path = folder / "ab"[number % 2] / f"{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)


def found_in(image):
    """Two objects, the dark one with a low score, and their scores are no round numbers."""
    bright = image.mean(2) > 128
    masks = (rle.encode(bright), rle.encode(~bright))
    boxes = np.array([[4, 5, 20, 10.123], [0, 0, 50, image.shape[0]]], np.float32)
    scores, classes = np.array([bright.mean() / 3 + 0.6, 0.3], np.float32), np.array([1, 2])
    return Detections(image.shape[:2], SPEC.classes, boxes, scores, classes, masks, SPEC.category_ids)


def stream(pairs):
    """As `Predictor.stream`."""
    for source, image in pairs:
        try:
            pixels = image() if callable(image) else image
        except DataError as error:
            yield Predicted(source, error=error)
        else:
            yield Predicted(source, pixels, found_in(pixels))


def run(chosen, predict=stream):
    """The steps of `predict_main`; the exit code and the job."""
    inputs = find_inputs(chosen.in_path, chosen.out, chosen.images, chosen.every, chosen.max_frames)
    job = Job(chosen, inputs, SPEC)
    settings = {"input": inputs.title, "score": chosen.score, "save": chosen.save}
    with open_results(chosen.out, settings, chosen.restart, inputs.kind != "camera"):
        job.open()
        if job.left != 0:
            job.predict(predict)
        return job.finish()


def _kill_after(files):
    """Counts the files that are renamed, from all threads."""
    replace, done = Path.replace, []

    def counted(self, target):
        done.append(target)
        if len(done) > files:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = counted


if __name__ == "__main__":
    if len(sys.argv) > 3:
        _kill_after(int(sys.argv[3]))
    sys.exit(run(options(*sys.argv[1:3])))
