"""Pixels of the pictures in a batch. Alphabet: `B` pictures, `H, W` the size of the network's input."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from models.ops.boxes import Tensor


def fill_padding(images: Tensor, image_size: Tensor, colour: Sequence[float]) -> Tensor:
    """Gives what lies outside of each picture one colour.

    With the colour that normalisation makes 0, the network sees zeros there, as a convolution does beyond its input and
    as torchvision's `GeneralizedRCNNTransform` has it.

    Args:
        images: (B, H, W, 3), pictures in the top left corner.
        image_size: int (B, 2), height and width of the pictures.
        colour: three values.

    Returns:
        float32 (B, H, W, 3).
    """
    height, width = images.shape[1:3]
    rows = ops.arange(height, dtype="int32")[None, :, None, None]
    columns = ops.arange(width, dtype="int32")[None, None, :, None]
    size = ops.cast(image_size, "int32")[:, :, None, None, None]
    inside = ops.logical_and(rows < size[:, 0], columns < size[:, 1])
    return ops.where(inside, ops.cast(images, "float32"), ops.convert_to_tensor(np.asarray(colour, np.float32)))
