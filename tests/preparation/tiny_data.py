"""Tiny data sets in COCO's format, written for a test: images of smooth noise, masks as polygons or RLE."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from base import rle
from data_loader.coco.config import CocoDataConfig
from data_loader.coco.data import CocoData

CLASSES = ("cat", "dog", "cow")


def noise(seed, size=(96, 128)):
    """Blobs of random colors: images of two seeds have nothing in common."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)


def rectangle(x, y, width, height, category=1, **keys):
    """An annotation; `keys` replace or add keys."""
    corners = [x, y, x + width, y, x + width, y + height, x, y + height]
    return {"category_id": category, "segmentation": [corners], "bbox": [x, y, width, height], "iscrowd": 0} | keys


def masked(mask, category=1, **keys):
    """An annotation with any mask."""
    return {"category_id": category, "segmentation": rle.encode(mask), "iscrowd": 0} | keys


@dataclass
class Image:
    """Pixels or the bytes of a file, and annotations."""

    pixels: np.ndarray | bytes
    objects: list = field(default_factory=lambda: [rectangle(20, 20, 50, 40)])
    size: tuple[int, int] | None = None


def plain(count, start=0):
    """Images with an object each, of the three classes in turn."""
    return [Image(noise(start + i), [rectangle(20, 20, 50, 40, 1 + i % 3)]) for i in range(count)]


def write(root: Path, **splits) -> Path:
    """`train=[Image(…), …]`, a JSON file and an image folder for each split."""
    for name, images in splits.items():
        (root / name).mkdir(parents=True)
        content = {"images": [], "annotations": [], "categories": []}
        for number, image in enumerate(images, 1):
            ending = "jpg" if isinstance(image.pixels, bytes) else "png"
            path = root / name / f"{name}{number:03d}.{ending}"
            encoded = image.pixels if isinstance(image.pixels, bytes) else encode(image.pixels, ".png")
            path.write_bytes(encoded)
            height, width = image.size or image.pixels.shape[:2]
            content["images"].append({"id": number, "file_name": path.name, "height": height, "width": width})
            for item in image.objects:
                content["annotations"].append(item | {"id": len(content["annotations"]) + 1, "image_id": number})
        content["categories"] = [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)]
        (root / f"{name}.json").write_text(json.dumps(content))
    return root


def encode(image, ending, *options):
    return cv2.imencode(ending, image[..., ::-1], options)[1].tobytes()


def read(root: Path, **keys) -> CocoData:
    """The data set in `root`, prepared; whatever is broken is left out."""
    splits = {path.stem: {"annotations": [path.name], "images": path.stem} for path in root.glob("*.json")}
    section = {"root": str(root), "image_size": [64, 64], "max_bad_fraction": 1.0, **splits} | keys
    data = CocoData(CocoDataConfig.model_validate_json(json.dumps(section)), seed=0)
    data.prepare()
    return data
