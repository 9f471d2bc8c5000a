"""Colors of labels: distinct ones, those of PASCAL VOC, those of Cityscapes."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from base.batch import IGNORE
from base.index_images import cityscapes_palette, voc_palette
from inference.drawing import palette

PaletteName = Literal["distinct", "voc", "cityscapes"]

_VOID = (224, 224, 192)
"""VOC's color of ignored pixels."""


def label_palette(name: PaletteName, classes: Sequence[str]) -> np.ndarray:
    """(256, 3) uint8 RGB: the color of each label; the background, 0, is black.

    Args:
        name: `"distinct"` as in all other images for people; `"voc"`, by the number; `"cityscapes"`, by the name of the
            class, a distinct one where Cityscapes has none of that name.
        classes: names of the classes 1…K.

    Raises:
        ValueError: there is no such palette.
    """
    if name not in get_args(PaletteName):
        raise ValueError(f"there is no palette {name!r}; choose one of {', '.join(get_args(PaletteName))}")
    if name == "voc":
        return voc_palette()
    distinct = palette(len(classes))
    if name == "cityscapes":
        return cityscapes_palette(classes, distinct)
    colors = np.zeros((256, 3), np.uint8)
    colors[1 : len(classes) + 1] = distinct
    colors[IGNORE] = _VOID
    return colors
