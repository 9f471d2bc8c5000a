"""Comet.ml behind a bounded queue, one daemon thread and a process of its own.

The training puts messages into the queue and never waits; the thread hands them to `comet_process.py`, where the client
lives. When the queue is full, messages are dropped with one warning.
"""

import contextlib
import json
import logging
import pickle
import queue
import shutil
import struct
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.files import write_json
from utils.logger.comet_patch import may_log_patch
from utils.logger.comet_start import archive_folder, process_settings, start_process
from utils.logger.config import CometConfig
from utils.logger.values import Entries

_LOG = logging.getLogger("maskeras")
_END = ("end",)
_GRACE_S = 2.0
"""Seconds that the process is given to report after its own time is up."""
_HURRY_S = 10.0
"""Seconds that closing waits for the process at most where the run is being stopped, `_GRACE_S` among them."""


class CometWriter:
    """Logs to one Comet experiment, online or as an archive; failures are warnings, never errors."""

    def __init__(
        self,
        run_dir: Path,
        config: CometConfig,
        *,
        name: str,
        keys: Sequence[str],
        tags: Sequence[str],
        resume: bool,
    ) -> None:
        """Start the process; returns at once.

        Args:
            run_dir: gets `comet_experiment.json` and, offline, `comet/*.zip`.
            config: the section.
            name: the experiment's name at Comet.
            keys: the API key, and others that no patch may hold either; none is offline.
            tags: the experiment's tags.
            resume: go on with the experiment of `comet_experiment.json`, if there is one.
        """
        self.experiment_key = experiment_key(run_dir, resume)
        self.location = ""
        self._config = config
        self._dropped = 0
        self._closed = False
        self._off = False
        self._stray = False
        self._hurried = False
        self._queue: queue.Queue[tuple[Any, ...]] = queue.Queue(config.queue_size)
        self._temporary: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        key = keys[0] if keys else None
        if key is None and config.mode == "online":
            _LOG.warning("Comet: logger.comet.mode is 'online' but there is no key (COMET_API_KEY); writing an archive")
        online = key is not None and config.mode != "offline"
        settings = process_settings(config, online, name, tags, self.experiment_key)
        settings["git_patch"] = config.git_patch and may_log_patch(keys)
        try:
            self._temporary = Path(tempfile.mkdtemp(prefix="maskeras-comet-"))
            settings["folder"] = str(archive_folder(run_dir, online))
            self._process = start_process(config, settings, self._temporary)
        except OSError as error:
            _LOG.warning("Comet is off: its process could not be started (%s)", error)
            self._remove_temporary()
            return
        self._feeder = _daemon(self._feed, self._process, key if online else None)
        self._listener = _daemon(self._listen, self._process)

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

    def hyper_parameters(self, parameters: dict[str, Any]) -> None:
        """Queue flat parameters, without secrets."""
        self._put("parameters", {key: "null" if value is None else value for key, value in parameters.items()})

    def graph(self, text: str) -> None:
        """Queue the network's description."""
        self._put("graph", text)

    def code(self, name: str, text: str) -> None:
        """Queue one source file."""
        self._put("code", name, text)

    def hurry(self) -> None:
        """Make `close` wait for the process 10 s at most, and then leave it to end by itself.

        For a run that is being stopped: a scheduler may kill it half a minute after the signal. The process logs
        what it was handed until then; what still waits for that is lost to Comet, with a warning.
        """
        self._hurried = True

    def close(self) -> None:
        """Wait until all is logged, then give up with a warning; says where the archive lies.

        The wait for the process takes `timeout_s` and 2 s at most, after `hurry` never more than 10 s. Then its last
        reports are read: they are there at once, unless a child of its own keeps the pipe open (2 s at most).
        """
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
            self._process.kill()
            self._process.wait()
            _LOG.warning(
                "Comet: not finished after %.0f s; what was not sent is lost there (metrics.jsonl has all figures)",
                waited_s,
            )
        self._listener.join(_GRACE_S)
        if ended:
            self._warn_if_unfinished()
        if not self._stray:
            self._remove_temporary()

    def _remove_temporary(self) -> None:
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)

    def _wait(self, process: subprocess.Popen[bytes]) -> bool:
        """Say that this is the end, and tell whether the process ended too, in the time that there is."""
        limit_s = min(self._config.timeout_s, _HURRY_S - _GRACE_S) if self._hurried else self._config.timeout_s
        deadline = time.monotonic() + limit_s
        try:
            self._queue.put(_END, timeout=limit_s)
            process.wait(max(0.0, deadline - time.monotonic()) + _GRACE_S)
        except (queue.Full, subprocess.TimeoutExpired):
            return False
        return True

    def _leave(self, waited_s: float) -> None:
        """Tell what becomes of a process that is left to itself."""
        if not self._feeder.is_alive():  # then the pipe holds the rest, which outlives this process
            _LOG.warning(
                "Comet: not finished after %.0f s; its process goes on alone, ends within %g s once it has logged "
                "everything, and writes to comet/ of the run what it cannot send",
                waited_s,
                self._config.timeout_s,
            )
            return
        self._cut()
        _LOG.warning(
            "Comet: its process did not take everything within %.0f s. THE REST OF WHAT WAS LOGGED IS LOST TO COMET "
            "(metrics.jsonl has all figures, and TensorBoard where it is on); with what it took it goes on alone",
            waited_s,
        )

    def _cut(self) -> None:
        """Throw away what waits, so that the thread comes to its end with the message that it is at."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._queue.get_nowait()
        self._queue.put_nowait(_END)

    def _warn_if_unfinished(self) -> None:
        if self._process is not None and self._process.returncode and not (self._off or self._stray):
            _LOG.warning(
                "Comet: its process ended with code %d, so what is there, or in its archive, is incomplete; "
                "metrics.jsonl has all figures",
                self._process.returncode,
            )

    def _put(self, *message: Any) -> None:
        if self._process is None:
            return
        try:
            self._queue.put_nowait(message)
        except queue.Full:
            if not self._dropped:
                _LOG.warning("Comet is too slow: %d calls wait, further ones are dropped", self._config.queue_size)
            self._dropped += 1

    def _feed(self, process: subprocess.Popen[bytes], key: str | None) -> None:
        """The daemon thread: hand the queue to the process, the key first."""
        message: Any = key
        try:
            while True:
                _send(process, message)
                if message == _END:
                    break
                message = self._queue.get()
        except OSError:
            if not self._closed:
                _LOG.warning("Comet is off: its process ended early; the training goes on without it")
            self._drain()
        finally:
            with contextlib.suppress(OSError):
                process.stdin.close()  # type: ignore[union-attr]

    def _drain(self) -> None:
        """Throw away what comes, so that the queue never fills up for a process that is gone."""
        while self._queue.get() != _END:
            pass

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """Turn the process's reports into log lines."""
        with process.stdout as lines:  # type: ignore[union-attr]
            for line in iter(lines.readline, b""):
                report = json.loads(line)
                self._tell(report["event"], report["text"])

    def _tell(self, event: str, text: str) -> None:
        if event == "online":
            self.location = text
            _LOG.info("Comet: %s", text)
        elif event == "archive":
            self.location = text
            _LOG.info("Comet: archive written to %s; send it with: comet upload %s", text, text)
        elif event == "stray":
            self.location = text
            self._stray = True
            _LOG.warning(
                "Comet: comet/ of the run took no archive. It is kept in %s, a temporary folder: move it away, or send "
                "it with: comet upload %s",
                text,
                text,
            )
        elif event == "offline":
            _LOG.warning("COMET IS NOT REACHABLE: %s. The run goes on and writes an archive instead.", text)
        elif event == "failed":
            self._off = True
            _LOG.warning("Comet is off: %s", text)
        else:
            _LOG.warning("Comet: %s", text)


def experiment_key(run_dir: Path, resume: bool) -> str:
    """The experiment's name at Comet, 32 letters and digits; a resumed run keeps the one in `comet_experiment.json`."""
    path = run_dir / "comet_experiment.json"
    if resume and path.exists():
        try:
            key = json.loads(path.read_text(encoding="utf-8"))["experiment_key"]
            if isinstance(key, str) and key.isalnum() and 32 <= len(key) <= 50:
                return key
            raise ValueError(f"experiment_key is {key!r}")
        except (ValueError, KeyError, TypeError) as error:
            _LOG.warning("Comet: %s is not readable (%s); the run goes on as a new experiment", path, error)
    key = uuid.uuid4().hex
    write_json(path, {"experiment_key": key})
    return key


def _send(process: subprocess.Popen[bytes], message: Any) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    view = memoryview(struct.pack("<Q", len(data)) + data)
    while view:
        view = view[process.stdin.write(view) :]  # type: ignore[union-attr]


def _daemon(target: Any, *args: Any) -> threading.Thread:
    thread = threading.Thread(target=target, args=args, daemon=True, name=f"comet{target.__name__}")
    thread.start()
    return thread
