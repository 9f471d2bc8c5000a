"""What becomes of an image on its way to a result: views of it, batches of views, results of views, one result.

A batch has a fixed shape whatever the images are, so nothing is traced twice. Who calls these steps, and in which
threads, is the business of `inference.predictor` and `inference.stream`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from base.batch import Batch, DataSpec, Sample
from base.loading import fill, stack
from base.task import Task
from base.view import View

_MADE_AHEAD = 8
"""Views of an image that are made when it is read; those of a large one are made when their turn comes."""

Outputs = Callable[[Batch], Mapping[str, np.ndarray]]
"""A batch → what the network predicts for it."""


class Pending(Protocol):
    """A result that may not be there yet, such as `concurrent.futures.Future`."""

    def result(self) -> Any:
        """Waits for it."""
        ...


class Done:
    """A result that is there."""

    def __init__(self, value: Any):
        self._value = value

    def result(self) -> Any:
        """Gives it."""
        return self._value


Submit = Callable[..., Pending]
"""Has a function called with arguments, now or in another thread."""


def call_now(function: Callable, *args: Any) -> Pending:
    """The simplest `Submit`."""
    return Done(function(*args))


@dataclass
class Item:
    """One image on its way.

    Attributes:
        source: what names it.
        image: (h, w, 3) uint8 RGB; None where it could not be read.
        error: why it could not be read.
        views: its views.
        samples: the first of the views, ready for the network.
        found: what the network predicted for its views so far: rows of predictions and of batches.
    """

    source: Any
    image: np.ndarray | None = None
    error: Exception | None = None
    views: tuple[View, ...] = ()
    samples: list[Sample] = field(default_factory=list)
    found: list[tuple[Batch, Batch]] = field(default_factory=list)


class _Row(NamedTuple):
    """One view in a batch; an image that could not be read takes a place without a sample."""

    item: Item
    sample: Sample | None
    last: bool


class Steps:
    """The steps for one model.

    Args:
        task: of the model.
        spec: of the model.
        outputs: the network.
        batch_size: views in one call of the network.
    """

    def __init__(self, task: Task, spec: DataSpec, outputs: Outputs, batch_size: int):
        self.task = task
        self.spec = spec
        self.outputs = outputs
        self.batch_size = batch_size

    def item(self, source: Any, image: np.ndarray) -> Item:
        """An image with its first views, ready for the network.

        Raises:
            ValueError: it is not a uint8 image of three channels.
        """
        views = (View.whole((image.shape[0], image.shape[1])),)
        samples = [view.sample(image, self.spec.image_size) for view in views[:_MADE_AHEAD]]
        return Item(source, image, views=views, samples=samples)

    def run(self, items: Iterable[Item], submit: Submit) -> Iterator[tuple[Item, Pending]]:
        """Calls the network batch by batch, over the borders of images; gives each image when its last view is through.

        Args:
            items: in their order.
            submit: what turns the network's output into results is handed over to it.

        Yields:
            Each item in order and its result, which is None for an image that could not be read.
        """
        rows = self._rows(items)
        while group := list(islice(rows, self.batch_size)):
            self._predict([row for row in group if row.sample is not None])
            for row in group:
                if row.last:
                    yield row.item, submit(self._result, row.item)

    def _rows(self, items: Iterable[Item]) -> Iterator[_Row]:
        for item in items:
            if item.error is not None:
                yield _Row(item, None, True)
            for number, view in enumerate(item.views):
                made = item.samples[number] if number < len(item.samples) else None
                sample = made or view.sample(item.image, self.spec.image_size)
                yield _Row(item, sample, number == len(item.views) - 1)

    def _predict(self, rows: list[_Row]) -> None:
        if not rows:
            return
        batch = stack(fill([row.sample for row in rows], self.batch_size))
        predictions = self.outputs(batch)
        for index, row in enumerate(rows):
            one = slice(index, index + 1)
            row.item.found.append(
                ({key: value[one] for key, value in predictions.items()}, {key: batch[key][one] for key in batch})
            )

    def _result(self, item: Item) -> Any:
        if item.error is not None:
            return None
        ((predictions, batch),) = item.found
        return self.task.results(predictions, batch, self.spec)[0]
