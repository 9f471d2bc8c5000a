"""Tiny folders of images beside index PNGs, written for a test."""

import json
from pathlib import Path

import numpy as np
import PIL.Image

from data_loader.mask_folder.config import MaskFolderConfig
from data_loader.mask_folder.data import MaskFolderData
from tests.preparation.tiny_data import noise

SIZE = (48, 64)


def labels(*regions, fill=0, size=SIZE):
    """`(value, top, left, bottom, right)` of each region, over `fill`."""
    values = np.full(size, fill, np.uint8)
    for value, top, left, bottom, right in regions:
        values[top:bottom, left:right] = value
    return values


def plain(count, start=0):
    """Seeds of images and their labels: 1/4 of cup, 1/12 of fork, a row of ignored pixels at the top."""
    regions = [(1, 12, 0, 36, 32), (2, 12, 40, 24, 56), (2, 24, 40, 28, 56), (255, 0, 0, 1, SIZE[1])]
    return [(start + i, labels(*regions)) for i in range(count)]


def write(root: Path, **splits) -> Path:
    """`train=[(seed, labels), …]`: `images/SPLIT/` and `masks/SPLIT/`; labels None for a missing file."""
    for split, images in splits.items():
        for number, (seed, values) in enumerate(images, 1):
            for kind in ("images", "masks"):
                (root / kind / split).mkdir(parents=True, exist_ok=True)
            PIL.Image.fromarray(noise(seed, SIZE)).save(root / f"images/{split}/{split}{number:03d}.png")
            if values is not None:
                PIL.Image.fromarray(values).save(root / f"masks/{split}/{split}{number:03d}.png")
    return root


def read(root: Path, **keys) -> MaskFolderData:
    """The data set in `root`, prepared; whatever is broken is left out."""
    splits = [folder.name for folder in (root / "images").iterdir()]
    sections = {name: {"images": f"images/{name}", "masks": f"masks/{name}/{{stem}}.png"} for name in splits}
    section = {
        "root": str(root), "task": "semantic", "kind": "semantic", "names": ["cup", "fork"], "ignored": [255],
        "image_size": [48, 64], "max_bad_fraction": 1.0, "cache": None, **sections, **keys,
    }  # fmt: skip
    data = MaskFolderData(MaskFolderConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    return data
