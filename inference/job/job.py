"""Job: one prediction of many images, from what is left of it to its final files."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from base.batch import DataSpec
from base.interrupts import Interrupted, Interrupts
from base.task import load_task
from inference.inputs.item import ImageInputs, Inputs, Item
from inference.job.folder import JOURNAL
from inference.job.journal import Journal
from inference.job.options import Options, OptionsError
from inference.job.summary import counted, print_next, print_summary
from inference.job.writing import Writing, writing_error
from inference.outputs.output import Output, Target
from inference.reading import read_image
from inference.remote import UrlLimits
from inference.result import Result
from utils.errors import UserError
from utils.files import write_whole
from utils.progress import ImageProgress
from utils.registry import OUTPUTS, load_object, nearest

BROKEN_IMAGES = 4
"""Exit code: all is written, and some images could not be predicted."""
Stream = Callable[[Iterable[tuple[Item, Any]]], Iterator[Any]]
"""`Predictor.stream`: pairs of a name and an image, or of a name and what loads one → `Predicted`."""


class Job:
    """Predicts what the journal does not have yet, and writes what was chosen.

    Args:
        options: of the user.
        inputs: the images.
        spec: of the model.

    Attributes:
        kind: of the results.

    Raises:
        UserError: an option does not fit the model or the inputs; nothing is written.
    """

    def __init__(self, options: Options, inputs: Inputs, spec: DataSpec):
        self.options, self.inputs, self._spec = options, inputs, spec
        _check_classes(options.classes, spec.classes)
        self.kind = result_kind(spec)
        if self.kind.unit is None and options.max_detections is not None:
            raise OptionsError("--max-detections: this model gives every pixel a label, and there are no detections")
        target = Target(options.out, spec.classes, spec.category_ids, options.style, inputs.fps, self.kind)
        self.outputs = make_outputs(options.saved(inputs.fps is not None, self.kind), target)
        self._started, self._predicted = time.monotonic(), 0

    def open(self) -> None:
        """Reads the journal, or begins one.

        Raises:
            UserError: it cannot be read, or an image was changed since it was predicted.
        """
        self._journal = Journal(self.options.out / JOURNAL, self._spec.classes, self._spec.category_ids, self.kind)
        self._check_images()

    @property
    def left(self) -> int | None:
        """Images that are not predicted yet; None for a video or a camera, where nobody knows."""
        items = self.inputs.items if isinstance(self.inputs, ImageInputs) else None
        return None if items is None else sum(item.stem not in self._journal for item in items)

    def predict(self, stream: Stream) -> None:
        """Predicts what is left; Ctrl-C stops after the images that are being written.

        Args:
            stream: of the predictor.

        Raises:
            Interrupted: a signal came; the same command resumes. Of a camera it is the regular end.
            WritingError: a file could not be written.
        """
        self._started = time.monotonic()
        with (
            Interrupts() as interrupts,
            Writing(list(self.outputs.values()), self._journal, self.options.out) as writing,
            ImageProgress("predicted", self.left if self.left is not None else self.inputs.count) as progress,
        ):
            self._replay(writing)
            for one in stream(self._to_load()):
                self._put(writing, one)
                progress.advance()
                if interrupts.received:
                    break
        if interrupts.received and self.inputs.kind != "camera":
            self._journal.close()
            done = f"{counted(len(self._journal), 'image')} predicted in {self.options.out}"
            raise Interrupted(f"stopped: {done}; the same command resumes.", interrupts.received)

    def finish(self) -> int:
        """Writes the files over all images and says what was written where.

        Returns:
            The exit code: 0, or `BROKEN_IMAGES`.
        """
        try:
            written = {name: output.close(self._finished) for name, output in self.outputs.items()}
            failed = self._write_failed()
        except OSError as error:
            raise writing_error(self.options.out, error) from error
        print_summary(self.kind, self._finished(), written, failed, self._predicted, time.monotonic() - self._started)
        following = [(*output.following, written[name]) for name, output in self.outputs.items() if output.following]
        print_next(self.kind, following)
        self._journal.close()
        return BROKEN_IMAGES if failed else 0

    def _check_images(self) -> None:
        """An image that was changed would leave files of the old one beside those of the new one."""
        if not isinstance(self.inputs, ImageInputs):
            return
        known = [item for item in self.inputs.items if item.stem in self._journal]
        changed = [item.name for item in known if item.stamp() not in (None, self._journal.stamp(item.stem))]
        if changed:
            raise OptionsError(
                f"{self.options.out} holds predictions of images that were changed since then: {changed[0]}"
                f"{f' and {len(changed) - 1} more' * (len(changed) > 1)}. Choose another --out-path, or start again by "
                "--restart, which moves the old ones aside."
            )

    def _to_load(self) -> Iterator[tuple[Item, Any]]:
        limits = UrlLimits(allow_private=self.options.allow_private)
        for item in self.inputs:
            if item.stem not in self._journal:
                yield item, item.source if isinstance(item.source, np.ndarray) else _Loader(item.source, limits)

    def _replay(self, writing: Writing) -> None:
        """Shows what is done to the outputs that need all images in order."""
        if not writing.replays or not len(self._journal):
            return
        for item in self.inputs:
            if item.stem not in self._journal:
                return
            if isinstance(item.source, np.ndarray):
                writing.replay(item, item.source, self._journal.result(item.stem))

    def _put(self, writing: Writing, one: Any) -> None:
        self._predicted += 1
        if one.error is not None:
            writing.put_failed(one.source, one.error)
        else:
            options = self.options
            found = one.result.chosen(options.score, options.classes, options.max_detections)
            writing.put(one.source, one.image, found)

    def _finished(self) -> Iterator[tuple[Item, Result]]:
        items = self.inputs.items if isinstance(self.inputs, ImageInputs) else self._journal.items()
        return ((item, self._journal.result(item.stem)) for item in items if item.stem in self._journal)

    def _write_failed(self) -> list[tuple[str, str]]:
        """`failed.txt`, a name and a reason in each line; none where nothing failed."""
        stems = [item.stem for item in self.inputs] if isinstance(self.inputs, ImageInputs) else self._journal.failed
        failed = [self._journal.failed[stem] for stem in stems if stem in self._journal.failed]
        path = self.options.out / "failed.txt"
        if failed:
            write_whole(path, "".join(f"{name}\t{' '.join(reason.split())}\n" for name, reason in failed))
        else:
            path.unlink(missing_ok=True)
        return failed


def result_kind(spec: DataSpec) -> type[Result]:
    """What the model's task predicts.

    Raises:
        UserError: nothing that files can be made from.
    """
    kind = load_task(spec.task).result
    if kind is None or not issubclass(kind, Result):
        raise UserError(f"The task {spec.task} names no result (inference.result.Result), which files are made from.")
    return kind


def make_outputs(names: Sequence[str], target: Target) -> dict[str, Output]:
    """Name → output; a name is one of `utils.registry.OUTPUTS` or a dotted path.

    Raises:
        UserError: there is none of this name, or it does not fit the target.
    """
    return {name: load_object(OUTPUTS.get(name, name))(target) for name in names}


def _check_classes(chosen: Sequence[str], names: Sequence[str]) -> None:
    for name in chosen:
        if name not in names:
            near = nearest(name, names)
            hint = f"; did you mean {near!r}?" if near else ""
            raise OptionsError(f"--classes {name}: the model has no such class{hint} It has {', '.join(names)}.")


class _Loader:
    """Reads an image when the stream asks for it, in one of its threads."""

    def __init__(self, source: Path | str, limits: UrlLimits):
        self._source, self._limits = source, limits

    def __call__(self) -> np.ndarray:
        return read_image(self._source, self._limits)
