"""A table of all objects, for spreadsheets and pandas."""

import csv
import io
from pathlib import Path

from base import rle
from inference.detections import Detections
from inference.inputs.item import Item
from inference.outputs.output import Finished, Output
from utils.files import whole_file

COLUMNS = (
    *("file", "image_id", "time_s", "object", "class", "category_id", "score"),
    *("x", "y", "width", "height", "area"),
)


class Table(Output):
    """`objects.csv`, UTF-8: one row for each object.

    `object` counts from 1 in each image, the best first; the box and the area of the mask are in pixels; `time_s` is
    empty for what is no video.
    """

    def close(self, finished: Finished) -> Path:
        """Writes it, image by image."""
        path = self.target.folder / "objects.csv"
        with whole_file(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(COLUMNS)
            for item, found in finished():
                writer.writerows(_rows(item, found))
            text.flush()
            text.detach()
        return path


def _rows(item: Item, found: Detections) -> list[list]:
    time_s = "" if item.time_s is None else item.time_s
    return [
        [item.name, item.image_id, time_s, number, name, one["category_id"], one["score"], *one["bbox"], rle.area(mask)]
        for number, (one, name, mask) in enumerate(
            zip(found.to_coco(item.image_id), found.class_names, found.masks, strict=True), 1
        )
    ]
