"""Batches without a data set, for benchmarks: what every kind of segmentation puts into them."""

from collections.abc import Iterator

import numpy as np

from base.batch import Batch, DataSpec
from base.task import Shapes

_DARK, _BRIGHT = 128, 256


def noise_batch(shapes: Shapes) -> Batch:
    """Zeros of these shapes, the images numbered and valid; `fill_rows` gives them pixels."""
    batch = {key: np.zeros(shape, dtype) for key, (shape, dtype) in shapes.items()}
    batch["image_id"] += np.arange(1, len(batch["image_id"]) + 1)
    batch["scale_to_original"] += 1
    batch["valid"][:] = True
    return batch


def fill_rows(batch: Batch, spec: DataSpec, rng: np.random.Generator) -> Iterator[int]:
    """Makes each image dark noise in turn and gives its row, so that objects can be added before the next one.

    The first image fills the input, the others are up to a quarter smaller.
    """
    for row in range(len(batch["images"])):
        least = 0.75 if row else 1.0
        height, width = (int(side * rng.uniform(least, 1.0)) for side in spec.image_size)
        batch["image_size"][row] = batch["original_size"][row] = height, width
        batch["images"][row, :height, :width] = rng.integers(0, _DARK, (height, width, 3))
        yield row


def random_box(batch: Batch, row: int, rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a box inside an image, a tenth to a half of its sides."""
    height, width = batch["image_size"][row]
    high, wide = (max(2, int(side * rng.uniform(0.1, 0.5))) for side in (height, width))
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    return slice(top, top + high), slice(left, left + wide)


def brighten(batch: Batch, row: int, box: tuple[slice, slice], rng: np.random.Generator) -> None:
    """Fills a box of an image with one bright color."""
    batch["images"][row][box] = rng.integers(_DARK, _BRIGHT, 3)
