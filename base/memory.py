"""Whether a training step can fit into memory at all, found before anything large is allocated."""

import math
from typing import TYPE_CHECKING

import numpy as np

from utils.errors import UserError
from utils.memory import available_memory

if TYPE_CHECKING:  # importing it loads Grain, which a main does only after it has silenced notices
    from base.base_data import BaseData

_STEM_CHANNELS = 16
"""Channels after the first convolution, of stride 2: the fewest of any backbone here."""
_STEM_COPIES = 3
"""Convolution, batch norm and activation are all kept for the backward pass, in float32."""
_GB = 1e9


def check_step_fits(data: "BaseData") -> None:
    """Refuses a batch that cannot fit.

    The estimate is a lower bound: the arrays of a batch, the images in float32 and the features of the first
    convolution. Most networks need many times as much.

    Raises:
        UserError: it is more than this machine has; shows the arithmetic.
    """
    available = available_memory()
    needed = step_bytes(data)
    total = sum(needed.values())
    if available is None or total <= available:
        return
    height, width = data.spec.image_size
    parts = " + ".join(f"{value / _GB:.1f} GB {name}" for name, value in needed.items())
    raise UserError(
        f"data.image_size = [{height}, {width}] with data.batch_size = {data.config.batch_size} cannot fit into "
        f"memory: a step needs at least {parts} = {total / _GB:.1f} GB, and {available / _GB:.1f} GB are available. "
        "Choose smaller images or a smaller batch."
    )


def step_bytes(data: "BaseData") -> dict[str, int]:
    """What a training step needs at the least: what → bytes."""
    size = data.config.batch_size
    shapes = data.task.shapes(data.spec, size)
    arrays = {key: math.prod(shape) * np.dtype(dtype).itemsize for key, (shape, dtype) in shapes.items()}
    pixels = size * math.prod(data.spec.image_size)
    return {
        "images": arrays.pop("images", 0),
        "targets": sum(arrays.values()),
        "images in float32": pixels * 3 * 4,
        "first features": pixels // 4 * _STEM_CHANNELS * _STEM_COPIES * 4,
    }
