"""Index PNGs: the number of the object, and that of the class, at each pixel."""

from pathlib import Path

import numpy as np

from inference.detections import Detections
from inference.drawing import palette
from inference.inputs.item import Item
from inference.outputs.files import save_indices
from inference.outputs.output import Finished, Output


class IndexImages(Output):
    """`index/instances/<stem>.png` with 1…N, the best object first, and `index/classes/<stem>.png` with 1…K.

    0 is the background. Where objects overlap the better one is on top. Both have a palette, so that any viewer shows
    colors, unless there are more than 255 numbers.
    """

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        for name, by_class in (("instances", False), ("classes", True)):
            path = self._folder / name / f"{item.stem}.png"
            save_indices(path, detections.to_index(by_class), palette(255))

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "index"
