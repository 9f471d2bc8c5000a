"""LabelMe's JSON: predictions that can be corrected in LabelMe."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from base import rle
from base.polygons import bridged, outlines
from inference.detections import Detections
from inference.inputs.item import Item
from inference.inputs.names import well_formed
from inference.outputs.files import save_image
from inference.outputs.output import Finished, Output
from utils.files import write_json

_VERSION = "5.5.0"
"""Of the format; LabelMe from 4.0 reads it."""


class LabelMe(Output):
    """`labelme/<stem>.json`; it names the image by its path from there.

    What has no file, or one whose name is no UTF-8, gets a JPEG beside its JSON.
    Each part of an object is a polygon, holes joined to it by cut lines of no width; parts of one object share a
    `group_id`. The score is in the description.
    """

    following = ("correct them", "labelme {path}")

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        path = self._folder / f"{item.stem}.json"
        source = item.path
        if source is None or well_formed(str(source)) != str(source):  # JSON cannot name it
            source = path.with_name(f"{path.stem}.jpg")
            save_image(source, image)
        write_json(
            path,
            {
                "version": _VERSION,
                "flags": {},
                "shapes": self._shapes(detections),
                "imagePath": Path(os.path.relpath(source.absolute(), path.parent.absolute())).as_posix(),
                "imageData": None,
                "imageHeight": detections.size[0],
                "imageWidth": detections.size[1],
            },
        )

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    def _shapes(self, detections: Detections) -> list[dict[str, Any]]:
        shapes = []
        objects = zip(detections.class_names, detections.scores, detections.masks, strict=True)
        for number, (name, score, mask) in enumerate(objects, 1):
            parts = outlines(rle.decode(mask), self.target.style.tolerance)
            for part in parts:
                shapes.append(
                    {
                        "label": name,
                        "points": bridged(part).tolist(),
                        "group_id": number if len(parts) > 1 else None,
                        "description": f"score {float(score):.3f}",
                        "shape_type": "polygon",
                        "flags": {},
                        "mask": None,
                    }
                )
        return shapes

    @property
    def _folder(self) -> Path:
        return self.target.folder / "labelme"
