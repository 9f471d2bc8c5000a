"""A view: what the network sees of an image at once. The whole of it, or a tile, perhaps mirrored or smaller."""

from dataclasses import dataclass

import numpy as np

from base.batch import Sample, Size
from base.letterbox import letterbox

Window = tuple[int, int, int, int]
"""x0, y0, x1, y1 in whole pixels of an image, x1 and y1 outside."""


@dataclass(frozen=True)
class View:
    """A window of an image as the network gets it.

    Attributes:
        window: in pixels of the image.
        flip_x: whether left and right are exchanged.
        flip_y: whether top and bottom are exchanged.
        factor: up to 1; the size in the network's input as a fraction of the size that just fits.
    """

    window: Window
    flip_x: bool = False
    flip_y: bool = False
    factor: float = 1.0

    @classmethod
    def whole(cls, size: Size) -> "View":
        """All of an image of this size."""
        return cls((0, 0, size[1], size[0]))

    def sample(self, image: np.ndarray, input_size: Size) -> Sample:
        """The arrays of the batch contract that a prediction needs; `original_size` is that of the window.

        Args:
            image: (h, w, 3) uint8 RGB, all of it.
            input_size: (H, W) of the network's input.

        Raises:
            ValueError: it is not a uint8 image of three channels.
        """
        x0, y0, x1, y1 = self.window
        pixels = image[y0:y1, x0:x1][:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
        images, geometry = letterbox(np.ascontiguousarray(pixels), input_size, self.factor)
        return {"images": images, **geometry.arrays(), "valid": np.array(True)}
