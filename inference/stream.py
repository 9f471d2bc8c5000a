"""Prediction in the background: reading, the network, postprocessing and what the caller does, all at the same time.

    feeder → readers (threads) → batches (a thread) → network (threads) → postprocessing (threads) → the caller

The order of the images is kept. A fixed number of permits bounds how many images are in memory: the feeder takes one
for each image, and it is returned when the caller asks for the image after it. OpenCV, NumPy and the network's library
release Python's lock while they work, so threads are enough.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.steps import Call, Item, Pending, Steps
from utils.errors import UserError

BROKEN = (UserError, OSError, ValueError, TypeError)
"""Errors of one image, which do not end a stream."""

_POSTPROCESSORS = 2
_JOIN_S = 10.0
"""A thread that waits for the caller's own iterator, a camera perhaps, cannot be woken: it is left after this time."""

_END = object()


@dataclass(frozen=True)
class Predicted:
    """One image of a stream.

    Attributes:
        source: what the caller's iterator gave; of a pair (name, image) the name.
        image: (h, w, 3) uint8 RGB; None where it could not be read.
        result: `Detections` for instance segmentation, else what the task's `results` gives; None with an error.
        error: why there is no result: a `DataError` that names the file, or what a loader raised.
    """

    source: Any
    image: np.ndarray | None = None
    result: Any = None
    error: Exception | None = None


def stream(
    sources: Iterable[Any], read: Callable[[Any], Item], steps: Steps, read_ahead: int, readers: int, calls: int = 1
) -> Iterator[Predicted]:
    """Predicts images in the background and gives them in their order.

    The threads end with the iterator: when it is exhausted, closed, no longer referenced, or left by an exception.

    Args:
        sources: of any length; asked from a thread of its own.
        read: a source → the image with its views, called from several threads.
        steps: what follows.
        read_ahead: images in memory beyond those in the network; those that the caller keeps are not counted.
        readers: threads that read.
        calls: of the network at a time, see `inference.compiled.useful_calls`.

    Raises:
        Exception: whatever `sources` or the network raised, after the images before it.
    """
    line = _Line(sources, read, steps, read_ahead + calls * steps.batch_size, readers, calls)
    try:
        while (one := line.next()) is not None:
            yield one
            del one  # while waiting for the next image, this one is the caller's alone
            line.permits.release()
    finally:
        line.stop()


class _Failed:
    """What ends a stream early."""

    def __init__(self, error: BaseException):
        self.error = error


class _Line:
    """The threads of one stream and the queues between them.

    The permits bound the images in all of them. An image in tiles has many calls of the network: `_free` bounds those
    that are handed over to it, since each holds a batch.
    """

    def __init__(
        self,
        sources: Iterable[Any],
        read: Callable[[Any], Item],
        steps: Steps,
        permits: int,
        readers: int,
        calls: int,
    ):
        self.permits = threading.Semaphore(permits)
        self.stopped = threading.Event()
        self._read, self._steps = read, steps
        self._read_items: queue.SimpleQueue = queue.SimpleQueue()
        self._called: queue.SimpleQueue = queue.SimpleQueue()
        self._finished: queue.SimpleQueue = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._broken: BaseException | None = None
        self._free = threading.Semaphore(calls)
        self._readers = ThreadPoolExecutor(readers, "read image")
        self._networks = ThreadPoolExecutor(calls, "network")
        self._finishers = ThreadPoolExecutor(_POSTPROCESSORS, "postprocess")
        self._threads = [
            threading.Thread(target=self._feed, args=(iter(sources),), daemon=True, name="feed images"),
            threading.Thread(target=self._call, daemon=True, name="batch images"),
            threading.Thread(target=self._collect, daemon=True, name="collect predictions"),
        ]
        for thread in self._threads:
            thread.start()

    def next(self) -> Predicted | None:
        """Waits for the next image; None at the end."""
        found = self._finished.get()
        if found is _END:
            return None
        if isinstance(found, _Failed):
            raise found.error
        item, pending = found
        result = pending.result()
        # The other threads may know the item a moment longer, and shall not keep its pixels.
        image, item.image, item.samples = item.image, None, []
        return Predicted(item.source, image, result, item.error)

    def stop(self) -> None:
        """Ends all threads, in the middle of the images if need be."""
        self.stopped.set()
        self.permits.release()  # wakes the feeder
        self._read_items.put(_END)  # wakes the thread that makes batches
        self._free.release()
        for pool in (self._readers, self._networks, self._finishers):
            pool.shutdown(wait=True, cancel_futures=True)
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _feed(self, sources: Iterator[Any]) -> None:
        """Has each source read as soon as there is a permit for it."""
        end: Any = _END
        try:
            while self._permitted():
                try:
                    source = next(sources)
                except StopIteration:
                    break
                self._read_items.put(self._readers.submit(self._read, source))
        except RuntimeError as error:
            end = _END if self.stopped.is_set() else _Failed(error)  # the pool is closed while a source is awaited
        except Exception as error:  # the caller's: it is raised where the caller is
            end = _Failed(error)
        self._read_items.put(end)

    def _permitted(self) -> bool:
        self.permits.acquire()
        return not self.stopped.is_set()

    def _call(self) -> None:
        """Hands batches to the network, one beyond those that it works on: tiles of a large image take memory."""
        end: Any = _END
        try:
            for call in self._steps.calls(self._items(), self._submit_call):
                self._called.put(call)
        except Exception as error:  # raised where the caller is
            end = _Failed(error)
        self._called.put(end if self._failure is None else _Failed(self._failure))

    def _submit_call(self, function: Callable, *args: Any) -> Pending:
        """Raises what a call before this one raised: nothing after it reaches the caller."""
        self._free.acquire()
        if self._broken is not None:
            raise self._broken
        call = self._networks.submit(function, *args)
        call.add_done_callback(self._called_back)
        return call

    def _called_back(self, call: Future) -> None:
        if not call.cancelled() and (error := call.exception()) is not None:
            self._broken = error
        self._free.release()

    def _collect(self) -> None:
        end: Any = _END
        try:
            for found in self._steps.results(self._calls(), self._finishers.submit):
                self._finished.put(found)
        except Exception as error:  # raised where the caller is
            end = _Failed(error)
        self._finished.put(end)

    def _calls(self) -> Iterator[Call]:
        """The calls of the network, in order, until the last one."""
        while (found := self._called.get()) is not _END:
            if isinstance(found, _Failed):
                raise found.error
            yield found

    def _items(self) -> Iterator[Item]:
        """The images that were read, in order."""
        while (found := self._read_items.get()) is not _END and not self.stopped.is_set():
            if isinstance(found, _Failed):
                self._failure = found.error
                return
            yield found.result()
