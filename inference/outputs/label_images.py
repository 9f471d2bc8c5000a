"""Label PNGs: the label of each pixel as an index, with the palette of a data set."""

from pathlib import Path

import numpy as np

from inference.inputs.item import Item
from inference.label_map import LabelMap
from inference.outputs.output import Finished, Output
from utils.files import write_whole


class LabelImages(Output):
    """`labels/<stem>.png`, 8 bits: 0 background, 1…K; the palette is chosen by `--palette`."""

    takes = (LabelMap,)

    def write(self, item: Item, image: np.ndarray, found: LabelMap) -> None:
        """See `Output.write`."""
        write_whole(self._folder / f"{item.stem}.png", found.to_png(self.target.style.palette))

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "labels"
