"""What becomes of an image on its way to a result: views of it, batches of views, results of views, one result.

A batch has a fixed shape whatever the images are, so nothing is traced twice. Who calls these steps, and in which
threads, is the business of `inference.predictor` and `inference.stream`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, Protocol

import numpy as np

from base.batch import Batch, DataSpec, Sample, Size
from base.loading import fill, stack
from base.task import Task
from base.view import View
from inference.tiling import Tiling
from inference.tta import Tta
from utils.errors import UserError

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
        views: its views, those of one window in a row.
        samples: the first of the views, ready for the network.
        found: what the network predicted for the views of the window whose turn it is: rows of predictions and batches.
        parts: the results of the windows before it.
    """

    source: Any
    image: np.ndarray | None = None
    error: Exception | None = None
    views: tuple[View, ...] = ()
    samples: list[Sample] = field(default_factory=list)
    found: list[tuple[Batch, Batch]] = field(default_factory=list)
    parts: list[Pending] = field(default_factory=list)


class Row(NamedTuple):
    """One view in a batch; an image that could not be read takes a place without a sample."""

    item: Item
    sample: Sample | None
    last: bool


class Call(NamedTuple):
    """A batch in the network: its rows, and of each with a sample what is predicted and the batch that it was."""

    rows: list[Row]
    predicted: Pending


class Steps:
    """The steps for one model.

    Args:
        task: of the model.
        spec: of the model.
        outputs: the network.
        batch_size: views in one call of the network.
        tiling: how large images are cut; None where they are not.
        tta: which views there are of each window; None for one.
    """

    def __init__(
        self,
        task: Task,
        spec: DataSpec,
        outputs: Outputs,
        batch_size: int,
        tiling: Tiling | None = None,
        tta: Tta | None = None,
    ):
        self.task = task
        self.spec = spec
        self.outputs = outputs
        self.batch_size = batch_size
        self.tiling = tiling
        self.tta = tta
        for wanted, name in ((tiling, "merge_tiles"), (tta, "fuse_views")):
            if wanted is not None and getattr(type(task), name) is getattr(Task, name):
                raise UserError(f"{type(task).__name__} has no {name}, which this prediction needs: see base/task.py.")

    def item(self, source: Any, image: np.ndarray) -> Item:
        """An image with its first views, ready for the network.

        Raises:
            ValueError: it is not a uint8 image of three channels.
        """
        views = self.views((image.shape[0], image.shape[1]))
        samples = [view.sample(image, self.spec.image_size) for view in views[:_MADE_AHEAD]]
        return Item(source, image, views=views, samples=samples)

    def views(self, size: Size) -> tuple[View, ...]:
        """All views of an image of this size (height, width), those of one window in a row."""
        windows = self.tiling.windows(size, self.spec.image_size) if self.tiling else [(0, 0, size[1], size[0])]
        return tuple(view for window in windows for view in (self.tta.views(window) if self.tta else [View(window)]))

    def run(self, items: Iterable[Item], submit: Submit) -> Iterator[tuple[Item, Pending]]:
        """Calls the network batch by batch, over the borders of images; gives each image when its last view is through.

        Args:
            items: in their order.
            submit: what turns the network's output into results is handed over to it.

        Yields:
            Each item in order and its result, which is None for an image that could not be read.
        """
        return self.results(self.calls(items, call_now), submit)

    def calls(self, items: Iterable[Item], submit: Submit) -> Iterator[Call]:
        """The first half of `run`: each call of the network is handed over to `submit`."""
        rows = self._rows(items)
        while group := list(islice(rows, self.batch_size)):
            yield Call(group, submit(self._predict, [row.sample for row in group if row.sample is not None]))

    def results(self, calls: Iterable[Call], submit: Submit) -> Iterator[tuple[Item, Pending]]:
        """The second half of `run`: waits for the calls in their order."""
        for call in calls:
            found = iter(call.predicted.result())
            for row in call.rows:
                if row.sample is not None:
                    self._take(row.item, next(found), submit)
                if row.last:
                    yield row.item, submit(self._result, row.item)

    def _rows(self, items: Iterable[Item]) -> Iterator[Row]:
        for item in items:
            if item.image is None:
                yield Row(item, None, True)
                continue
            for number, view in enumerate(item.views):
                made = item.samples[number] if number < len(item.samples) else None
                sample = made or view.sample(item.image, self.spec.image_size)
                yield Row(item, sample, number == len(item.views) - 1)

    def _predict(self, samples: list[Sample]) -> list[tuple[Batch, Batch]]:
        """Of each sample what the network predicts, and the batch that it was, both with an axis of one image."""
        if not samples:
            return []
        batch = stack(fill(samples, self.batch_size))
        predictions = self.outputs(batch)
        return [(_row(predictions, index), _row(batch, index)) for index in range(len(samples))]

    def _take(self, item: Item, found: tuple[Batch, Batch], submit: Submit) -> None:
        """Adds what was found in one view; the last one of a window makes its result."""
        item.found.append(found)
        first = len(item.parts) * self._variants
        if len(item.found) == self._variants:
            item.parts.append(submit(self._window, item.found, item.views[first : first + self._variants]))
            item.found = []

    @property
    def _variants(self) -> int:
        """Views of one window."""
        return len(self.tta.views((0, 0, 1, 1))) if self.tta else 1

    def _window(self, found: list[tuple[Batch, Batch]], views: tuple[View, ...]) -> Any:
        if self.tta:
            return self.task.fuse_views(found, views, self.spec, self.tta)
        ((predictions, batch),) = found
        if self.tiling:
            return self.task.part(predictions, batch, self.spec)
        return self.task.results(predictions, batch, self.spec)[0]

    def _result(self, item: Item) -> Any:
        if item.image is None:
            return None
        parts = [part.result() for part in item.parts]  # handed over before this, so none of them waits for it
        if self.tiling is None and self.tta is None:
            return parts[0]
        if len(parts) == 1:
            return self.task.finished(parts[0], self.spec)
        windows = [view.window for view in item.views[:: self._variants]]
        size = (item.image.shape[0], item.image.shape[1])
        return self.task.merge_tiles(parts, windows, size, self.spec, self.tiling)


def _row(values: Mapping[str, np.ndarray], index: int) -> Batch:
    return {key: value[index : index + 1] for key, value in values.items()}
