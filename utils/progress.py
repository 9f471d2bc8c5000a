"""The progress of a loop: a bar in a terminal, plain lines elsewhere."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

_SECONDS_PER_LINE = 10.0
"""Of an `ImageProgress` without a terminal."""


class TrainingProgress:
    """Shows the epoch, the step, losses, images/s and the time left.

    Args:
        epochs: epochs of the whole run.
        steps_per_epoch: steps in one of them.
        batch_size: images in a step.
        max_steps: the run ends after so many steps, if that is earlier.
    """

    def __init__(self, epochs: int, steps_per_epoch: int, batch_size: int, max_steps: int | None = None):
        self.epochs = epochs
        self.steps_per_epoch = steps_per_epoch
        self.batch_size = batch_size
        self.total_steps = min(epochs * steps_per_epoch, max_steps or epochs * steps_per_epoch)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last = (time.monotonic(), 0)

    def start_epoch(self, epoch: int, step: int) -> None:
        """Starts epoch `epoch` (from 0) at its step `step`."""
        self._last = (time.monotonic(), step)
        self.stop()
        if sys.stdout.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console())
            title = f"epoch {epoch + 1}/{self.epochs}"
            self._task = self._bar.add_task(title, total=self.steps_per_epoch, completed=step, note="")
            self._bar.start()

    def advance(self, step: int) -> None:
        """Moves the bar; costs nothing without one."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step)

    def report(self, epoch: int, step: int, losses: dict[str, float]) -> float:
        """Shows mean losses, the speed since the last report and the time that the run's other steps take at it.

        Returns:
            images/s.
        """
        now = time.monotonic()
        seconds, steps = now - self._last[0], step - self._last[1]
        self._last = (now, step)
        speed = steps * self.batch_size / seconds if seconds > 0 else 0.0
        terms = "  ".join(f"{name} {value:.3f}" for name, value in losses.items())
        left = max(0, self.total_steps - epoch * self.steps_per_epoch - step)
        eta = duration(left * seconds / steps) if steps else "?"
        note = f"{terms}  {speed:.1f} images/s  ETA {eta}"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step, note=note)
        else:
            print(f"epoch {epoch + 1}/{self.epochs}  step {step}/{self.steps_per_epoch}  {note}", flush=True)
        return speed

    def stop(self) -> None:
        """Takes the bar away, so that other lines can be printed."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


class ImageProgress:
    """Shows how many images are done, images/s and the time left; to be entered.

    Args:
        title: what is done to them.
        total: their number; None where it is unknown.
    """

    def __init__(self, title: str, total: int | None):
        self.title, self.total = title, total
        self.done = 0
        self._started = self._shown = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "ImageProgress":
        self._started = self._shown = time.monotonic()
        if sys.stdout.isatty():
            columns = (TextColumn("{task.description}"), BarColumn(30), MofNCompleteColumn())
            self._bar = Progress(*columns, TextColumn("{task.fields[note]}"), console=Console())
            self._task = self._bar.add_task(self.title, total=self.total, note="")
            self._bar.start()
        return self

    def __exit__(self, *_) -> None:
        if self._bar is not None:
            self._bar.stop()

    def advance(self) -> None:
        """One more image is done; where there is no terminal a line is printed now and then."""
        self.done += 1
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self.done, note=self.note())
        elif time.monotonic() - self._shown >= _SECONDS_PER_LINE:
            self._shown = time.monotonic()
            print(f"{self.title}  {self.done}/{self.total or '?'}  {self.note()}", flush=True)

    def note(self) -> str:
        """The speed so far, and the time that the rest takes at it."""
        seconds = time.monotonic() - self._started
        if not self.done or seconds <= 0:
            return ""
        left = "" if self.total is None else f"  ETA {duration(max(0, self.total - self.done) * seconds / self.done)}"
        return f"{self.done / seconds:.1f} images/s{left}"


def duration(seconds: float) -> str:
    """42.3 → "42 s", 245 → "4 min 05 s", 5000 → "1 h 23 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
