"""Pixels of the images in a batch. Alphabet: `B` images, `H, W` the size of the network's input."""

from collections.abc import Sequence

import numpy as np
from keras import ops

from models.ops.boxes import Tensor


def fill_padding(images: Tensor, image_size: Tensor, color: Sequence[float]) -> Tensor:
    """Gives the padding of each image one color.

    With the color that normalization makes 0, the network sees zeros there, as a convolution does beyond its input and
    as torchvision's `GeneralizedRCNNTransform` has it.

    Args:
        images: (B, H, W, 3), images in the top left corner.
        image_size: int (B, 2), height and width of the images.
        color: three values.

    Returns:
        float32 (B, H, W, 3).
    """
    height, width = images.shape[1:3]
    rows = ops.arange(height, dtype="int32")[None, :, None, None]
    columns = ops.arange(width, dtype="int32")[None, None, :, None]
    size = ops.cast(image_size, "int32")[:, :, None, None, None]
    inside = ops.logical_and(rows < size[:, 0], columns < size[:, 1])
    return ops.where(inside, ops.cast(images, "float32"), ops.convert_to_tensor(np.asarray(color, np.float32)))
