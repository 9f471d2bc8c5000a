"""YoloData: the segmentation format of Ultralytics' YOLO (https://docs.ultralytics.com/datasets/segment/).

A line of a label file is `class x1 y1 x2 y2 …`, one polygon with its corners as fractions of the image's width and
height. Ultralytics writes several parts and holes as one polygon with cut lines of no width between them: these have no
pixels here, for each is there and back again.
"""

from pathlib import Path

import numpy as np

from data_loader.annotated import Annotated, AnnotatedData
from data_loader.errors import DataError
from data_loader.images import image_size, is_file, read_bytes
from data_loader.reading import Looked, Source, usable
from data_loader.records import ImageRecord, ObjectRecord
from data_loader.shapes import polygon_mask, shown
from data_loader.validation import UnusableError
from data_loader.yolo.config import YoloDataConfig
from data_loader.yolo.description import Description, read_description

_OUTSIDE = 0.01
"""Corners may be outside of the image by so much of its size, as Ultralytics allows; they are moved to its edge."""


class YoloData(AnnotatedData):
    """Images and polygons in YOLO's layout, by config alone. An image without a label file has no object."""

    config: YoloDataConfig
    config_class = YoloDataConfig

    def read(self) -> Annotated:
        """See `AnnotatedData.read`."""
        path = self.config.root / self.config.file
        found = read_description(path)
        images = [image for listed in found.splits.values() for image in listed]
        if images and not any(is_file(label_path(image)) for image in images):
            raise DataError(f"{path}: no image has a label file; that of {images[0]} would be {label_path(images[0])}.")
        return Source(found.splits, lambda image, number: _look(image, number, found), str, found.names).read()


def label_path(image: Path) -> Path:
    """The label file of an image: the last folder `images` of its path is `labels` there."""
    parts = list(image.parts)
    places = [place for place, part in enumerate(parts[:-1]) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def _look(image: Path, number: int, description: Description) -> Looked:
    size = image_size(image)
    path = label_path(image)
    lines = _lines(path) if is_file(path) else []
    objects, broken = usable(
        lines,
        lambda line: _object(line[1], size, description),
        lambda position: f"{path.name}:{lines[position - 1][0]}",
    )
    return Looked(ImageRecord(image, number, *size, tuple(objects)), broken=broken, annotations=len(lines))


def _lines(path: Path) -> list[tuple[int, str]]:
    """Number and text of the lines that are not blank."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is no text file (at byte {error.start}: no UTF-8).") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _object(line: str, size: tuple[int, int], description: Description) -> ObjectRecord:
    try:
        values = [float(word) for word in line.split()]
    except ValueError:
        raise UnusableError("no line of numbers", shown(line)) from None
    category, corners = values[0], np.array(values[1:])
    if category not in description.names:
        raise UnusableError(
            "class that names does not have", f"{shown(line.split(maxsplit=1)[0])}; there are {_ids(description)}"
        )
    if len(corners) == 4:
        raise UnusableError("box instead of a polygon", "5 numbers are class and box: masks cannot be learned from it")
    if len(corners) < 6 or len(corners) % 2:
        raise UnusableError("broken polygon", f"{len(corners)} numbers after the class are no three corners or more")
    if not ((corners >= -_OUTSIDE) & (corners <= 1 + _OUTSIDE)).all():  # NaN is not either
        worst = corners[~((corners >= -_OUTSIDE) & (corners <= 1 + _OUTSIDE))][0]
        raise UnusableError("corner outside of the image", f"{worst:g} is not in 0…1, a fraction of the image's size")
    height, width = size
    polygon = np.clip(corners, 0, 1).reshape(-1, 2) * (width, height)
    return ObjectRecord(int(category), polygon_mask(polygon, size))


def _ids(description: Description) -> str:
    ids = sorted(description.names)
    return ", ".join(map(str, ids)) if len(ids) < 10 else f"{ids[0]} to {ids[-1]}"
