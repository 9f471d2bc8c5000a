"""Index PNGs: the number of the object, and that of the class, at each pixel."""

from pathlib import Path

import numpy as np

from base.index_images import index_png
from inference.detections import Detections
from inference.drawing import palette
from inference.inputs.item import Item
from inference.outputs.output import Finished, Output
from utils.files import write_whole

_PALETTE = np.vstack([np.zeros((1, 3), np.uint8), palette(255)])
"""0 is black."""


class IndexImages(Output):
    """`index/instances/<stem>.png` with 1…N, the best object first, and `index/classes/<stem>.png` with 1…K.

    0 is the background. Where objects overlap the better one is on top. Both have a palette, so that any viewer shows
    colors, unless there are more than 255 numbers.
    """

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        for name, by_class in (("instances", False), ("classes", True)):
            path = self._folder / name / f"{item.stem}.png"
            write_whole(path, index_png(detections.to_index(by_class), _PALETTE))

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "index"
