"""PNGs of one index for each pixel, and the palettes that they carry. No Keras."""

import io
from collections.abc import Sequence

import numpy as np
import PIL.Image

_CITYSCAPES = {
    "road": (128, 64, 128), "sidewalk": (244, 35, 232), "building": (70, 70, 70), "wall": (102, 102, 156),
    "fence": (190, 153, 153), "pole": (153, 153, 153), "traffic light": (250, 170, 30), "traffic sign": (220, 220, 0),
    "vegetation": (107, 142, 35), "terrain": (152, 251, 152), "sky": (70, 130, 180), "person": (220, 20, 60),
    "rider": (255, 0, 0), "car": (0, 0, 142), "truck": (0, 0, 70), "bus": (0, 60, 100), "train": (0, 80, 100),
    "motorcycle": (0, 0, 230), "bicycle": (119, 11, 32),
}  # fmt: skip
"""The colors of the 19 training classes (`helpers/labels.py` of cityscapesScripts)."""


def index_png(indices: np.ndarray, palette: np.ndarray | None) -> bytes:
    """The content of a PNG of whole numbers from 0: 8 bits, or 16 where one is above 255.

    Args:
        indices: (h, w).
        palette: (256, 3) uint8 RGB, the color of each index, so that any viewer shows colors; None: gray. 16 bits have
            none.
    """
    large = indices.size and int(indices.max()) > 255
    image = PIL.Image.fromarray(indices.astype(np.uint16 if large else np.uint8))
    if palette is not None and not large:
        image.putpalette(palette.astype(np.uint8).tobytes())
    content = io.BytesIO()
    image.save(content, "png")
    return content.getvalue()


def voc_palette() -> np.ndarray:
    """(256, 3) uint8 RGB: the colors of PASCAL VOC's index images (VOCcolormap.m of its development kit).

    The bits of the index go to red, green and blue in turn, the lowest into the highest bit of each.
    """
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    bits = np.pad(bits, ((0, 0), (0, 1))).reshape(256, 3, 3)
    return np.packbits(np.pad(bits, ((0, 0), (0, 5), (0, 0))), axis=1).reshape(256, 3)


def cityscapes_palette(names: Sequence[str], others: np.ndarray) -> np.ndarray:
    """(256, 3) uint8 RGB: the colors of Cityscapes for its classes by their names; index 0 and 255 are black.

    Args:
        names: of the classes 1…K, at most 254.
        others: (K, 3) uint8 colors of classes that Cityscapes does not have.
    """
    palette = np.zeros((256, 3), np.uint8)
    for number, name in enumerate(names):
        known = _CITYSCAPES.get(name.replace("_", " "))
        palette[number + 1] = others[number] if known is None else known
    return palette
