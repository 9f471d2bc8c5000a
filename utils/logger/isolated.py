"""A tracker whose client runs in a process of its own, behind a bounded queue and one daemon thread.

The training puts messages into the queue and never waits; the thread hands them to `worker.py`, where the client lives.
When the queue is full, messages are dropped with one warning. Clients start threads that hold up the exit, patch
`sys.excepthook`, share the interpreter's lock with the training and lose data when the run is killed; there they
cannot.
"""

import contextlib
import json
import logging
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from utils.logger.frames import END, send
from utils.logger.values import Entries
from utils.logger.writer import RunContext, Writer

_LOG = logging.getLogger("maskeras")
_ROOT = Path(__file__).resolve().parents[2]
_GRACE_S = 2.0
"""Seconds that the process is given to report after its own time is up."""
HURRY_S = 10.0
"""Seconds that closing waits for the process at most where the run is being stopped, `_GRACE_S` among them."""


class IsolatedWriter(Writer):
    """Logs by a `utils.logger.worker.Session`; failures are warnings, never errors.

    The subclass names the session's class and calls `start` in its constructor. Its config section has `timeout_s`
    and `queue_size`.

    Attributes:
        session: `package.module:Class` of the session.
    """

    session: str = ""

    def __init__(self, context: RunContext, config: Any) -> None:
        super().__init__(context, config)
        self._location = ""
        self._dropped = 0
        self._closed = self._given_up = self._off = self._keeps = self._hurried = False
        self._queue: queue.Queue[tuple[Any, ...]] = queue.Queue(config.queue_size)
        self._temporary: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, settings: dict[str, Any], secret: str | None, environment: dict[str, str]) -> None:
        """Starts the process; returns at once, with a warning where it cannot be started.

        Args:
            settings: JSON values for the session.
            secret: handed over by the pipe, so that it is neither in a command line nor in an environment.
            environment: of the process; its temporary folder is added.
        """
        try:
            self._temporary = Path(tempfile.mkdtemp(prefix="maskeras-tracker-"))
            told = {
                **settings,
                "session": self.session,
                "parent": os.getpid(),
                "timeout_s": self.config.timeout_s,
                "temporary": str(self._temporary),
            }
            self._process = start_process(told, environment)
        except OSError as error:
            self.off(f"its process could not be started ({error})")
            return
        self._feeder = _daemon(self._feed, self._process, secret)
        self._listener = _daemon(self._listen, self._process)

    def off(self, reason: str) -> None:
        """Says that nothing will be logged; the training continues."""
        self._off = True
        _LOG.warning("%s is off: %s", self.title, reason)
        self._remove_temporary()

    @property
    def location(self) -> str:
        """As the session reported it."""
        return self._location

    def write(self, step: int, scope: str, entries: Entries, wall_time: float) -> None:
        """Queue the entries of one step."""
        if entries.scalars:
            self._put("scalars", step, scope, entries.scalars)
        for key, image in entries.images.items():
            self._put("image", step, f"{scope}/{key}", image.png)
        for key, histogram in entries.histograms.items():
            centers = (histogram.edges[:-1] + histogram.edges[1:]) / 2
            self._put("histogram", step, f"{scope}/{key}", centers.tolist(), histogram.counts.tolist())
        for key, text in entries.texts.items():
            self._put("text", step, f"{scope}/{key}", text)

    def parameters(self, values: dict[str, Any]) -> None:
        """Queue flat parameters, without secrets."""
        self._put("parameters", {key: "null" if value is None else value for key, value in values.items()})

    def graph(self, text: str) -> None:
        """Queue the network's description."""
        self._put("graph", text)

    def code(self, name: str, text: str) -> None:
        """Queue one source file."""
        self._put("code", name, text)

    def artifact(self, path: Path, name: str) -> None:
        """Queue the path of a file."""
        self._put("artifact", str(path.resolve()), name)

    def hurry(self) -> None:
        """Make `close` wait for the process 10 s at most, and then leave it to end by itself.

        The process logs what it was handed until then; what still waits for that is lost, with a warning.
        """
        self._hurried = True

    def close(self) -> None:
        """Wait until all is logged, `timeout_s` and 2 s at most (10 s after `hurry`); then give up with a warning."""
        if self._closed or self._process is None:
            return
        self._closed = True
        start = time.monotonic()
        ended = self._wait(self._process)
        waited_s = time.monotonic() - start
        if not ended and self._hurried:
            self._leave(waited_s)
            return
        if not ended:
            self._given_up = True
            self._process.kill()
            self._process.wait()
            _LOG.warning(
                "%s: not finished after %.0f s; what was not sent is lost there (metrics.jsonl has all values)",
                self.title,
                waited_s,
            )
        self._feeder.join(_GRACE_S)
        self._listener.join(_GRACE_S)  # unless a child of the process keeps the pipe open, all is there at once
        if self._process.returncode and ended and not (self._off or self._keeps):
            _LOG.warning(
                "%s: its process ended with code %d, so its record is incomplete; metrics.jsonl has all values",
                self.title,
                self._process.returncode,
            )
        if not self._keeps:
            self._remove_temporary()

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Say that this is the end, and tell whether the process ended too, in the time that there is."""
        limit_s = min(self.config.timeout_s, HURRY_S - _GRACE_S) if self._hurried else self.config.timeout_s
        deadline = time.monotonic() + limit_s
        try:
            self._queue.put(END, timeout=limit_s)
            process.wait(max(0.0, deadline - time.monotonic()) + _GRACE_S)
        except (queue.Full, subprocess.TimeoutExpired):
            return False
        return True

    def _leave(self, waited_s: float) -> None:
        """Say what becomes of a process that is left to itself."""
        self._given_up = True
        if not self._feeder.is_alive():  # then the pipe holds the rest, which outlives this process
            _LOG.warning(
                "%s: not finished after %.0f s; its process continues alone and ends within %g s",
                self.title,
                waited_s,
                self.config.timeout_s,
            )
            return
        with contextlib.suppress(queue.Empty):  # so that the thread ends with the message that it is at
            while True:
                self._queue.get_nowait()
        self._queue.put_nowait(END)
        _LOG.warning(
            "%s: its process did not take everything within %.0f s. THE REST OF WHAT WAS LOGGED IS LOST TO %s "
            "(metrics.jsonl has all values); with what it took it continues alone",
            self.title,
            waited_s,
            self.title.upper(),
        )

    def _put(self, *message: Any) -> None:
        if self._process is None:
            return
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            if not self._dropped:
                _LOG.warning(
                    "%s is too slow: %d calls wait, further ones are dropped", self.title, self.config.queue_size
                )
            self._dropped += 1

    def _feed(self, process: subprocess.Popen[bytes], secret: str | None) -> None:
        """The daemon thread: hand the queue to the process, the secret first."""
        message: tuple[Any, ...] = ("secret", secret)
        try:
            while True:
                send(process.stdin, message)
                if message == END:
                    break
                message = self._queue.get()
        except OSError:
            if not self._given_up:
                _LOG.warning("%s is off: its process ended early; the training continues without it", self.title)
            while self._queue.get() != END:  # so that the queue never fills up for a process that is gone
                pass
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Turn the process's reports into log lines."""
        with process.stdout as lines:  # type: ignore[union-attr]
            for line in iter(lines.readline, b""):
                report = json.loads(line)
                self._location = report.get("location") or self._location
                self._off |= report["off"]
                self._keeps |= report["keeps"]
                _LOG.log(logging.INFO if report["level"] == "INFO" else logging.WARNING, "%s", report["text"])


def start_process(settings: dict[str, Any], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    """Starts `worker.py`, with a temporary folder that is its own.

    Raises:
        OSError: it cannot be started.
    """
    path = os.pathsep.join(filter(None, [str(_ROOT), environment.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", "utils.logger.worker", json.dumps(settings)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env={**environment, "TMPDIR": settings["temporary"], "PYTHONPATH": path},
        bufsize=0,
        start_new_session=True,  # Ctrl-C is for the training, which then closes this in order
    )


def _daemon(target: Any, *args: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True, name=f"tracker{target.__name__}")
    thread.start()
    return thread
