"""Ctrl-C and SIGTERM as a question that the loop asks between two steps."""

import signal
from types import FrameType

from utils.errors import UserError


class Interrupted(UserError):
    """The run received a signal to stop and has saved a checkpoint; the exit code is the shell's for that signal."""

    def __init__(self, message: str, signal_number: int):
        super().__init__(message)
        self.exit_code = 128 + signal_number


class Interrupts:
    """While entered, the first SIGINT or SIGTERM is noted in `received`; a second Ctrl-C stops at once.

    Only the main thread receives signals; elsewhere nothing is installed.
    """

    def __init__(self):
        self.received: signal.Signals | None = None
        self._previous: dict[int, object] = {}

    def __enter__(self) -> "Interrupts":
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._note)
        except ValueError:  # not the main thread
            self._previous = {}
        return self

    def __exit__(self, *_) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self.received is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
