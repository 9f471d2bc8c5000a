"""Writing in the background, so that the network does not wait for drawing, compressing and the disk."""

import errno
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from data_loader.cores import usable_cores
from inference.inputs.item import Item
from inference.job.journal import Journal
from inference.outputs.output import ImageError, Output
from inference.result import Result
from utils.errors import UserError


class WritingError(UserError):
    """A file cannot be written."""


class Writing:
    """Calls outputs in threads, and enters an image in the journal when all of its files are written.

    Images are entered in their order, as failed where an output's format cannot hold one. At most a few of them wait,
    so that memory stays bounded; `put` waits then.

    Args:
        outputs: to call.
        journal: of the prediction.
        folder: of the results, for messages.
    """

    def __init__(self, outputs: Sequence[Output], journal: Journal, folder: Path):
        self._journal, self._folder = journal, folder
        self._outputs = [output for output in outputs if not output.ordered]
        self._ordered = [output for output in outputs if output.ordered]
        threads = max(1, min(usable_cores(), 8))
        self._limit = 2 * threads + 2
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="write")
        self._line = ThreadPoolExecutor(1, thread_name_prefix="write in order")
        self._waiting: deque[tuple[Item, Result | Exception, list[Future]]] = deque()

    def __enter__(self) -> "Writing":
        return self

    def __exit__(self, kind: type | None, *_) -> None:
        """Waits for what was put; after an error for what is being written only."""
        try:
            if kind is None:
                self.flush()
        finally:
            for pool in (self._pool, self._line):
                pool.shutdown(wait=True, cancel_futures=True)

    def put(self, item: Item, image: np.ndarray, found: Result) -> None:
        """Has the files of an image written.

        Raises:
            WritingError: a file, of this image or of one before it, could not be written.
        """
        futures = [self._pool.submit(output.write, item, image, found) for output in self._outputs]
        futures += [self._line.submit(output.write, item, image, found) for output in self._ordered]
        self._wait(item, found, futures)

    def put_failed(self, item: Item, error: Exception) -> None:
        """Enters an image that could not be predicted."""
        self._wait(item, error, [])

    def replay(self, item: Item, image: np.ndarray, found: Result) -> None:
        """Gives an image that is in the journal to the ordered outputs once more."""
        try:
            for output in self._ordered:
                self._line.submit(output.write, item, image, found).result()
        except OSError as error:
            raise writing_error(self._folder, error) from error

    @property
    def replays(self) -> bool:
        """Whether an ordered output has to see all images again after an interruption."""
        return bool(self._ordered)

    def flush(self) -> None:
        """Waits until all is written."""
        while self._waiting:
            self._enter_first()

    def _wait(self, item: Item, found: Result | Exception, futures: list[Future]) -> None:
        self._waiting.append((item, found, futures))
        while self._waiting and (len(self._waiting) > self._limit or all(one.done() for one in self._waiting[0][2])):
            self._enter_first()

    def _enter_first(self) -> None:
        item, found, futures = self._waiting.popleft()
        try:
            errors = [error for future in futures if (error := _image_error(future))]
            self._journal.add(item, errors[0] if errors else found)
        except OSError as error:
            raise writing_error(self._folder, error) from error


def _image_error(future: Future) -> ImageError | None:
    """Waits for what was written; any other error is raised."""
    try:
        future.result()
    except ImageError as error:
        return error
    return None


def writing_error(folder: Path, error: OSError) -> WritingError:
    """The error to show for one of the file system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        reason = "the disk, or your share of it, is full. Free space"
    else:
        reason = f"{error}. Correct that"
    return WritingError(f"{folder} cannot be written: {reason}, then start the same command again: it resumes.")
