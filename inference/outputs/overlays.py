"""Overlays: each image with its objects drawn on it."""

from pathlib import Path

import numpy as np

from inference.detections import Detections
from inference.inputs.item import Item
from inference.outputs.files import save_image
from inference.outputs.output import Finished, Output


class Overlays(Output):
    """`overlays/<stem>.jpg`, or `.png` by choice."""

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        style = self.target.style
        save_image(
            self._folder / f"{item.stem}.{style.image_format}", detections.draw(image, **self.target.style.look())
        )

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "overlays"
