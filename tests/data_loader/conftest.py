"""A tiny data set in Oxford's layout, made anew for each test."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from data_loader.pets.breeds import BREEDS, list_line
from data_loader.pets.config import PetsConfig


def write_image(root: Path, name: str, size: tuple[int, int] = (40, 60)) -> np.ndarray:
    """An image with a bright pet of 20 × 30 pixels at (10, 15), its border 2 wide; returns the trimap."""
    height, width = size
    trimap = np.full(size, 2, np.uint8)
    trimap[15:35, 10:40] = 3
    trimap[17:33, 12:38] = 1
    image = np.full((height, width, 3), 40, np.uint8)
    image[trimap != 2] = (30, 90, 220)
    cv2.imwrite(str(root / "images" / f"{name}.jpg"), image)
    cv2.imwrite(str(root / "annotations" / "trimaps" / f"{name}.png"), trimap)
    return trimap


@pytest.fixture
def pets_folder(tmp_path: Path) -> Path:
    """Ten trainval and two test images of each of three breeds: a cat and two dogs."""
    root = tmp_path / "pets"
    (root / "images").mkdir(parents=True)
    (root / "annotations" / "trimaps").mkdir(parents=True)
    lists: dict[str, list[str]] = {"trainval": ["# a comment"], "test": []}
    for breed in (1, 2, 5):
        for number in range(12):
            name = f"{BREEDS[breed - 1]}_{number}"
            write_image(root, name)
            lists["trainval" if number < 10 else "test"].append(list_line(name, breed))
    for name, lines in lists.items():
        (root / "annotations" / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def pets_config(tmp_path: Path) -> Callable[..., PetsConfig]:
    """Keys of the section → the section; nothing is downloaded and all is kept in the test's folder."""

    def make(**keys) -> PetsConfig:
        usual = {
            "root": str(tmp_path / "pets"),
            "cache": str(tmp_path / "cache"),
            "image_size": [64, 64],
            "download": {"mirrors": []},
            "synthetic": {"trainval": 6, "test": 2, "size": 96, "folder": str(tmp_path / "drawn"), "workers": 1},
        }
        return PetsConfig.model_validate_json(json.dumps(usual | keys))

    return make
