"""The process that runs the Comet client; `comet_start.py` starts it, `comet_writer.py` feeds it.

A process of its own, since the client starts threads that hold up the exit, patches `sys.excepthook` and the import of
frameworks, shares the interpreter's lock with the training, and loses its archive when the run is killed. Here it sees
its input end, and writes the archive all the same.

In: frames of eight bytes of length and that many of pickle, each a tuple of a method of `_Session` and its arguments;
`("end",)` is the last. The first frame is the API key or None, so that it stands neither in a command line nor in an
environment. Out: lines of JSON, `{"event": …, "text": …}`.
"""

import io
import json
import logging
import os
import pickle
import select
import shutil
import struct
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct("<Q")
_POLL_S = 1.0
_MAX_ERRORS = 5


class Channel:
    """The pipes to the parent, taken away from descriptors 0 and 1 so that no library and no child of it uses them."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        self.secret: str | None = None

    def restore(self) -> None:
        """Give the pipes back to descriptors 0 and 1, for the program that takes this one's place."""
        os.dup2(self._in, 0)
        os.dup2(self._out, 1)

    def report(self, event: str, text: str) -> None:
        """Tell the parent something; the key is masked. A parent that is gone is no reason to stop."""
        masked = text.replace(self.secret, "***") if self.secret else text
        line = json.dumps({"event": event, "text": masked}) + "\n"
        try:
            os.write(self._out, line.encode("utf-8"))
        except BrokenPipeError:
            logging.getLogger(__name__).debug("the parent is gone: %s", masked)

    def frames(self) -> Iterator[Any]:
        """The parent's frames, until the last one, or until the parent ends or dies."""
        while (header := self._read(_LENGTH.size)) is not None:
            data = self._read(_LENGTH.unpack(header)[0])
            if data is None:
                return
            frame = pickle.loads(data)
            if frame == ("end",):
                return
            yield frame

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            # A forked worker of a killed parent may hold the pipe open, so its end alone is not enough.
            if not select.select([self._in], [], [], _POLL_S)[0]:
                if os.getppid() != self._parent:
                    return None
                continue
            part = os.read(self._in, min(size - len(data), 1 << 20))
            if not part:
                return None
            data += part
        return bytes(data)


class _Session:
    """What the parent may ask of the experiment."""

    def __init__(self, experiment: Any) -> None:
        self._experiment = experiment

    def scalars(self, step: int, scope: str, values: dict[str, float]) -> None:
        with self._experiment.context_manager(scope):
            self._experiment.log_metrics(values, step=step)

    def image(self, step: int, name: str, png: bytes) -> None:
        self._experiment.log_image(io.BytesIO(png), name=name, step=step)

    def histogram(self, step: int, name: str, centers: list[float], counts: list[int]) -> None:
        import comet_ml  # noqa: PLC0415

        histogram = comet_ml.Histogram()
        histogram.add(values=centers, counts=counts)
        self._experiment.log_histogram_3d(histogram, name=name, step=step)

    def text(self, step: int, name: str, text: str) -> None:
        self._experiment.log_text(text, step=step, metadata={"name": name})

    def parameters(self, values: dict[str, Any]) -> None:
        self._experiment.log_parameters(values)

    def graph(self, text: str) -> None:
        self._experiment.set_model_graph(text, overwrite=True)

    def code(self, name: str, text: str) -> None:
        self._experiment.log_code(code=text, code_name=name)


class _ErrorReports(logging.Handler):
    """Hands the client's first errors to the parent: there is no other place where they would be seen."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(logging.ERROR)
        self._channel = channel
        self._left = _MAX_ERRORS

    def emit(self, record: logging.LogRecord) -> None:
        if self._left > 0:
            self._left -= 1
            self._channel.report("error", record.getMessage().strip()[:500])


def _start_experiment(settings: dict[str, Any], key: str | None) -> Any:
    import comet_ml  # noqa: PLC0415

    config = comet_ml.ExperimentConfig(
        log_code=settings["git_patch"],  # the client logs the patch only together with the code of this script
        log_graph=False,
        parse_args=False,
        display_summary_level=0,
        log_git_metadata=settings["git_metadata"],
        log_git_patch=settings["git_patch"],
        log_env_details=settings["system_metrics"],
        auto_output_logging=False,  # type: ignore[arg-type]
        auto_param_logging=False,
        auto_metric_logging=False,
        auto_log_co2=False,
        offline_directory=settings["folder"],
        name=settings["name"],
        tags=settings["tags"] or None,
    )
    return comet_ml.start(
        api_key=key,
        workspace=settings["workspace"],
        project_name=settings["project"],
        experiment_key=settings["experiment_key"],
        mode="get_or_create",
        online=settings["online"],
        experiment_config=config,
    )


def _start_in_time(settings: dict[str, Any], key: str | None, timeout_s: float) -> tuple[Any, str]:
    """The experiment, or None and the reason: starting fails, or takes longer than the time given."""
    try:
        import comet_ml  # noqa: F401, PLC0415 - here, so that a slow disk is not taken for a slow server
    except ImportError as error:
        return None, f"{type(error).__name__}: {error}"
    result: dict[str, Any] = {}

    def start() -> None:
        try:
            result["experiment"] = _start_experiment(settings, key)
        except Exception as error:  # whatever the client raises, the run goes on without the server
            result["reason"] = f"{type(error).__name__}: {error}"

    thread = threading.Thread(target=start, daemon=True)
    thread.start()
    thread.join(timeout_s)
    if thread.is_alive():
        return None, f"no answer within {timeout_s:g} s"
    experiment = result.get("experiment")
    if experiment is None or not experiment.alive:
        return None, result.get("reason", "the server did not accept the experiment")
    return experiment, ""


def _go_offline(settings: dict[str, Any], channel: Channel) -> None:
    """Start this program anew without the server: nothing else ends the client's threads that still try."""
    channel.restore()
    offline = json.dumps({**settings, "online": False})
    os.execv(sys.executable, [sys.executable, "-m", "utils.logger.comet_process", offline])


def _finish(experiment: Any, settings: dict[str, Any], channel: Channel, earlier: set[Path]) -> bool:
    """End the experiment, in the time that the parent waits too; report all archives but `earlier`.

    Returns:
        Whether the client ended it without an error, and what was logged is at Comet or in `settings["folder"]`.
    """

    def give_up() -> None:
        channel.report("error", f"the client did not end within {settings['timeout_s']:g} s")
        _leave_temporary(settings, channel)
        os._exit(1)

    timer = threading.Timer(settings["timeout_s"], give_up)
    timer.daemon = True
    timer.start()
    try:
        experiment.end()
    except Exception as error:  # whatever the client raises, the parent must hear of it
        channel.report("error", f"the client could not end: {type(error).__name__}: {error}")
        return False
    finally:
        timer.cancel()
    archives = {archive for archive in _archives(settings) - earlier if _holds_something(archive)}
    for archive in sorted(archives):
        channel.report("archive", str(archive))
    strays = _strays(settings)
    if not (archives or strays or settings["online"]):
        channel.report("error", f"no archive could be written to {settings['folder']}; metrics.jsonl has all figures")
    return bool(archives or settings["online"]) and not strays


def _archives(settings: dict[str, Any]) -> set[Path]:
    return set(Path(settings["folder"]).glob("*.zip"))


def _strays(settings: dict[str, Any]) -> list[Path]:
    """Archives that the client wrote to a temporary folder, as it does where `settings["folder"]` takes none."""
    found = Path(tempfile.gettempdir()).glob(f"*/{settings['experiment_key']}*.zip")
    return sorted(archive for archive in found if _holds_something(archive))


def _holds_something(archive: Path) -> bool:
    """Whether it is more than the empty archive with which the client tries the folder when it starts."""
    try:
        with zipfile.ZipFile(archive) as files:
            return bool(files.namelist())
    except (OSError, zipfile.BadZipFile):
        return False


def _leave_temporary(settings: dict[str, Any], channel: Channel) -> None:
    """Remove the temporary folder, unless an archive lies there: then the parent is told to keep it."""
    strays = _strays(settings)
    for archive in strays:
        channel.report("stray", str(archive))
    if not strays:
        # Never `tempfile.gettempdir()`: where the folder cannot be used that is everybody's /tmp, or the current one.
        shutil.rmtree(settings["temporary"], ignore_errors=True)


def _apply(session: _Session, frame: tuple[Any, ...], channel: Channel) -> None:
    try:
        getattr(session, frame[0])(*frame[1:])
    except Exception as error:  # one value that the client refuses must not cost the others
        channel.report("error", f"{frame[0]}: {type(error).__name__}: {error}")


def main(settings: dict[str, Any]) -> None:
    """Log frames until they end, online if asked and possible, else into an archive in `settings["folder"]`."""
    channel = Channel(settings["parent"])
    frames = channel.frames()
    if "key_read" not in settings:
        channel.secret = next(frames, None)
        settings = {**settings, "key_read": True}
    logging.getLogger("comet_ml").addHandler(_ErrorReports(channel))
    earlier = _archives(settings)  # taken now: the client makes its archive, still empty, when it starts
    patience_s = settings["connect_timeout_s" if settings["online"] else "timeout_s"]
    experiment, reason = _start_in_time(settings, channel.secret, patience_s)
    if experiment is None and settings["online"]:
        channel.report("offline", reason)
        _go_offline(settings, channel)
    if experiment is None:
        channel.report("failed", reason)
        os._exit(1)
    if settings["online"]:
        channel.report("online", experiment.url or "")
    session = _Session(experiment)
    for frame in frames:
        _apply(session, frame, channel)
    done = _finish(experiment, settings, channel, earlier)
    _leave_temporary(settings, channel)
    # The client's threads and exit handlers have nothing left to do, and may wait for a dead server.
    os._exit(0 if done else 1)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
