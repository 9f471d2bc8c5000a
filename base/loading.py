"""Samples by index → batches, read ahead by threads. The caller gives the order, Grain the threads that keep it."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from base.batch import Batch, Sample


def load_batches(load: Callable[[int], Sample], indices: np.ndarray, batch_size: int, config) -> Iterator[Batch]:
    """Loads `indices` in this order with `config.workers` threads and stacks `batch_size` of them at a time.

    Args:
        load: index → sample of fixed-shape arrays; called from several threads.
        indices: (N,) the images to load, in their order.
        batch_size: images in a batch; a last, smaller batch is filled up (see `fill`).
        config: has `workers` (threads that load) and `prefetch` (samples held ready).

    Yields:
        Batches; their order does not depend on the number of threads.
    """
    if not len(indices):
        return iter(())
    import grain  # noqa: PLC0415 - a prediction stacks batches without it

    options = grain.ReadOptions(num_threads=config.workers, prefetch_buffer_size=max(config.prefetch, config.workers))
    samples = grain.MapDataset.source(_Indices(indices)).map(load).to_iter_dataset(options)
    stacked = samples.batch(batch_size, drop_remainder=False, batch_fn=lambda part: stack(fill(part, batch_size)))
    return iter(stacked)


def fill(samples: list[Sample], size: int) -> list[Sample]:
    """Adds empty images (zeros, `valid` False) until there are `size` samples."""
    missing = size - len(samples)
    return [*samples, *[{key: np.zeros_like(value) for key, value in samples[0].items()}] * missing]


def stack(samples: list[Sample]) -> Batch:
    """Samples of the same keys and shapes → one batch.

    What is not an array yet, such as masks kept as crops, becomes one here, one sample at a time: so no more than a
    batch of them is ever in memory.
    """
    return {key: _stacked([sample[key] for sample in samples]) for key in samples[0]}


def _stacked(values: list[Any]) -> np.ndarray:
    first = np.asarray(values[0])
    stacked = np.empty((len(values), *first.shape), first.dtype)
    for row, value in enumerate(values):
        stacked[row] = np.asarray(value)
    return stacked


class _Indices:
    """The random-access source that Grain asks for."""

    def __init__(self, indices: np.ndarray):
        self._indices = indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, position: int) -> int:
        return int(self._indices[position])
