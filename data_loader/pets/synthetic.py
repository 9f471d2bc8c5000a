"""Writes synthetic pets as a data set in Oxford's layout, once, with several processes."""

import hashlib
import json
import logging
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from data_loader.cores import usable_cores
from data_loader.errors import DataError
from data_loader.pets.breeds import BREEDS, list_line
from data_loader.pets.config import SyntheticConfig
from data_loader.pets.drawing.image import Drawing, draw_image
from data_loader.pets.index import BACKGROUND, BORDER, PET
from utils.work_folder import remove_abandoned, work_folder

_LOGGER = logging.getLogger("maskeras")
_VERSION = 7
"""Raised when the images change, so that old ones are not taken for them."""
_BORDER_WIDTH = 2
_UNFINISHED = ".unfinished-"
_FOLDERS = ("images", "annotations/trimaps", "annotations/instances", "lines")


def write_synthetic_pets(config: SyntheticConfig) -> Path:
    """Generates the data set unless it is there.

    It appears below `config.folder` whole or not at all; two that start at once do not disturb each other.

    Returns:
        The root of the data set, the layout of `data_loader.pets.index`.

    Raises:
        DataError: the folder cannot be written.
    """
    root = config.folder / f"v{_VERSION}-{_key(config)}"
    remove_abandoned(config.folder, _UNFINISHED)
    if root.is_dir():
        return root
    started = time.monotonic()
    count = config.trainval + config.test
    _LOGGER.info("Generating %d images of synthetic pets in %s …", count, root)
    try:
        config.folder.mkdir(parents=True, exist_ok=True)
        with work_folder(config.folder, _UNFINISHED) as temporary:
            folder = temporary / "pets"
            _draw_all(folder, config, count)
            _write_lists(folder, config)
            _publish(folder, root)
    except OSError as error:
        raise DataError(
            f"data.synthetic.folder = {config.folder}: the synthetic images cannot be written there ({error}). "
            "Name a folder that can be written."
        ) from error
    _LOGGER.info("Generated them in %.0f s.", time.monotonic() - started)
    return root


def draw_range(folder: Path, config: SyntheticConfig, start: int, stop: int) -> None:
    """Draws and writes the images `start` … `stop` - 1; what each looks like depends on its number alone."""
    cv2.setNumThreads(0)
    for index in range(start, stop):
        _write(folder, index, draw_image(index, config.seed, config.size, config.max_animals))


def _key(config: SyntheticConfig) -> str:
    content = config.model_dump(mode="json", exclude={"folder", "workers"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:10]


def _draw_all(folder: Path, config: SyntheticConfig, count: int) -> None:
    """Each process draws one run of numbers.

    They are plain interpreters: children of `multiprocessing` would first import the main program again, TensorFlow
    and all.
    """
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True)
    workers = min(config.workers or usable_cores(), count)
    if workers == 1:
        draw_range(folder, config, 0, count)
        return
    edges = np.linspace(0, count, workers + 1).astype(int)
    running = [_start(folder, config, start, stop) for start, stop in pairwise(edges)]
    try:
        for process in running:
            _, errors = process.communicate()
            if process.returncode:
                raise DataError(f"Generating the images failed: {errors.strip()[-2000:]}")
    finally:
        for process in running:
            process.kill()
            process.wait()


def _start(folder: Path, config: SyntheticConfig, start: int, stop: int) -> subprocess.Popen:
    arguments = [str(folder.resolve()), config.model_dump_json(), str(start), str(stop)]
    command = [sys.executable, "-m", "data_loader.pets.synthetic_worker", *arguments]
    root = Path(__file__).resolve().parents[2]
    return subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)


def _write(folder: Path, index: int, drawing: Drawing) -> None:
    name = f"{BREEDS[drawing.breeds[0] - 1]}_{index + 1}"
    trimap = np.full(drawing.instances.shape, BACKGROUND, np.uint8)
    for value in range(1, len(drawing.breeds) + 1):
        animal = (drawing.instances == value).astype(np.uint8)
        inner = cv2.erode(animal, np.ones((3, 3), np.uint8), iterations=_BORDER_WIDTH, borderValue=1)
        trimap[animal != 0] = BORDER
        trimap[inner != 0] = PET
    annotations = folder / "annotations"
    _save(folder / "images" / f"{name}.jpg", drawing.image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
    _save(annotations / "trimaps" / f"{name}.png", trimap)
    _save(annotations / "instances" / f"{name}.png", drawing.instances)
    line = {"name": name, "breeds": drawing.breeds}
    (folder / "lines" / f"{index}.json").write_text(json.dumps(line))


def _save(path: Path, image: np.ndarray, options: list[int] | None = None) -> None:
    if not cv2.imwrite(str(path), image, options or []):
        raise OSError(f"{path} cannot be written")


def _write_lists(folder: Path, config: SyntheticConfig) -> None:
    """Makes the list files from what each image left in `lines/`, which goes away."""
    count = config.trainval + config.test
    found = [json.loads((folder / "lines" / f"{index}.json").read_text()) for index in range(count)]
    shutil.rmtree(folder / "lines")
    lines = [list_line(item["name"], item["breeds"][0]) for item in found]
    pets = [
        list_line(f"{item['name']} {value}", breed) for item in found for value, breed in enumerate(item["breeds"], 1)
    ]
    head = ["#Image CLASS-ID SPECIES BREED-ID", "#Synthetic images, not the Oxford-IIIT Pet data set"]
    lists = {"list": head + lines, "trainval": lines[: config.trainval], "test": lines[config.trainval :]}
    lists["instances"] = ["#Image value CLASS-ID SPECIES BREED-ID", *pets]
    for name, content in lists.items():
        (folder / "annotations" / f"{name}.txt").write_text("\n".join(content) + "\n")


def _publish(folder: Path, root: Path) -> None:
    try:
        folder.rename(root)
    except OSError:
        if not root.is_dir():  # else another process was first: its images are the same
            raise
