"""Ultralytics' YOLO-seg: predictions that a labeling tool opens and a training reads."""

import shutil
from pathlib import Path

import numpy as np
import yaml

from base import rle
from base.polygons import joined, outlines
from inference.detections import Detections
from inference.inputs.item import Item
from inference.outputs.files import save_image
from inference.outputs.output import Finished, Output
from utils.files import whole_file, write_whole


class Yolo(Output):
    """`yolo/labels/<stem>.txt`, `yolo/images/<stem>.<ending>`, copies of the images, and `yolo/data.yaml`.

    A line is a class from 0, in the order of the model's classes, and one polygon, x and y as parts of the image's
    width and height. The parts and holes of an object are joined by cut lines of no width, as Ultralytics does.
    """

    following = ("train on them", "yolo segment train data={path}/data.yaml")

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        lines = []
        for label, mask in zip(detections.classes, detections.masks, strict=True):
            parts = outlines(rle.decode(mask), self.target.style.tolerance)
            if parts:
                corners = joined(parts) / detections.size[::-1]
                lines.append(" ".join([str(int(label) - 1), *(f"{value:.6f}" for value in corners.reshape(-1))]))
        write_whole(self._folder / "labels" / f"{item.stem}.txt", "".join(f"{line}\n" for line in lines))
        copy_image(item, image, self._folder / "images")

    def close(self, finished: Finished) -> Path:
        """Writes `data.yaml`."""
        described = {"train": "images", "val": "images", "names": dict(enumerate(self.target.names))}
        write_whole(self._folder / "data.yaml", yaml.safe_dump(described, sort_keys=False, allow_unicode=True))
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "yolo"


def copy_image(item: Item, image: np.ndarray, folder: Path) -> Path:
    """Copies the file of an image under its stem; what has none is written as JPEG. Returns the copy."""
    if item.path is None:
        copy = folder / f"{item.stem}.jpg"
        save_image(copy, image)
        return copy
    copy = folder / f"{item.stem}{item.path.suffix.lower()}"
    with item.path.open("rb") as source, whole_file(copy) as file:
        shutil.copyfileobj(source, file)
    return copy
