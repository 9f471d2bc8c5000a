"""Overlays: each image with its objects or labels drawn on it."""

from pathlib import Path

import numpy as np

from inference.inputs.item import Item
from inference.outputs.files import save_image
from inference.outputs.output import Finished, Output
from inference.result import Result


class Overlays(Output):
    """`overlays/<stem>.jpg`, or `.png` by choice."""

    takes = (Result,)

    def write(self, item: Item, image: np.ndarray, found: Result) -> None:
        """See `Output.write`."""
        style = self.target.style
        save_image(self._folder / f"{item.stem}.{style.image_format}", found.styled(image, style))

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "overlays"
