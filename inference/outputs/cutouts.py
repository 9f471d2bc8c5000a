"""Cut-outs: each object by itself, transparent around it."""

from pathlib import Path

import numpy as np

from inference.detections import Detections
from inference.inputs.item import Item
from inference.inputs.names import unique_stems
from inference.outputs.files import save_image
from inference.outputs.output import Finished, Output


class Cutouts(Output):
    """`cutouts/<stem>-<number>-<class>.png`, as large as the mask's tight box; the number counts from 1, best first.

    An object without a pixel has no file.
    """

    def write(self, item: Item, image: np.ndarray, detections: Detections) -> None:
        """See `Output.write`."""
        for number, (name, cut) in enumerate(zip(detections.class_names, detections.crop(image), strict=True), 1):
            if cut.size:
                safe = unique_stems([f"{name.replace('/', '_')}.png"])[0]
                save_image(self._folder / f"{item.stem}-{number:03d}-{safe}.png", cut)

    def close(self, finished: Finished) -> Path:
        """Everything is written."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.target.folder / "cutouts"
