"""Comet's client in its process: see `utils/logger/worker.py`."""

import io
import logging
import shutil
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

from utils.logger.worker import Channel, Session

_MAX_ERRORS = 5


class CometSession(Session):
    """One experiment, online if asked and possible, else an archive in `settings["folder"]`."""

    def __init__(self, settings: dict[str, Any], channel: Channel) -> None:
        super().__init__(settings, channel)
        self._experiment: Any = None
        self._earlier = self._archives()  # taken now: the client makes its archive, still empty, when it starts
        logging.getLogger("comet_ml").addHandler(_ErrorReports(channel))

    def start(self, secret: str | None) -> None:
        """Starts the experiment; a server that does not answer in time is replaced by an archive."""
        import comet_ml  # noqa: F401, PLC0415 - here, so that a slow disk is not taken for a slow server

        online = self.settings["online"]
        patience_s = self.settings["connect_timeout_s" if online else "timeout_s"]
        result: dict[str, Any] = {}

        def begin() -> None:
            try:
                result["experiment"] = self._begin(secret)
            except Exception as error:  # whatever the client raises, the run continues without the server
                result["reason"] = f"{type(error).__name__}: {error}"

        thread = threading.Thread(target=begin, daemon=True)
        thread.start()
        thread.join(patience_s)
        self._experiment = result.get("experiment")
        if self._experiment is None or not self._experiment.alive:
            late = f"no answer within {patience_s:g} s" if thread.is_alive() else "the experiment was not accepted"
            reason = result.get("reason", late)
            if not online:
                raise RuntimeError(reason)
            self.channel.report(f"COMET IS NOT REACHABLE: {reason}. The run continues and writes an archive instead.")
            self.channel.restart({**self.settings, "online": False})
        if online:
            url = self._experiment.url or ""
            self.channel.report(f"Comet: {url}", "INFO", location=url)

    def _begin(self, key: str | None) -> Any:
        import comet_ml  # noqa: PLC0415

        settings = self.settings
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

    def scalars(self, step: int, scope: str, values: dict[str, float]) -> None:
        """Log metrics in the context of the scope."""
        with self._experiment.context_manager(scope):
            self._experiment.log_metrics(values, step=step)

    def image(self, step: int, name: str, png: bytes) -> None:
        """Log an image."""
        self._experiment.log_image(io.BytesIO(png), name=name, step=step)

    def histogram(self, step: int, name: str, centers: list[float], counts: list[int]) -> None:
        """Log a histogram."""
        import comet_ml  # noqa: PLC0415

        histogram = comet_ml.Histogram()
        histogram.add(values=centers, counts=counts)
        self._experiment.log_histogram_3d(histogram, name=name, step=step)

    def text(self, step: int, name: str, text: str) -> None:
        """Log a text."""
        self._experiment.log_text(text, step=step, metadata={"name": name})

    def parameters(self, values: dict[str, Any]) -> None:
        """Log the config."""
        self._experiment.log_parameters(values)

    def graph(self, text: str) -> None:
        """Log the network's description."""
        self._experiment.set_model_graph(text, overwrite=True)

    def code(self, name: str, text: str) -> None:
        """Log a source file."""
        self._experiment.log_code(code=text, code_name=name)

    def artifact(self, path: str, name: str) -> None:
        """Log a file."""
        self._experiment.log_asset(path, file_name=name)

    def finish(self) -> bool:
        """End the experiment; report all archives but earlier ones."""
        self._experiment.end()
        online, folder = self.settings["online"], self.settings["folder"]
        archives = {archive for archive in self._archives() - self._earlier if _holds_something(archive)}
        for archive in sorted(archives):
            text = f"Comet: archive written to {archive}; send it with: comet upload {archive}"
            self.channel.report(text, "INFO", location=str(archive))
        strays = self._strays()
        if not (archives or strays or online):
            self.channel.report(f"Comet: no archive could be written to {folder}; metrics.jsonl has all values")
        return bool(archives or online) and not strays

    def leave(self) -> None:
        """Remove the temporary folder, unless an archive is in it: then the parent is asked to keep it."""
        strays = self._strays()
        for archive in strays:
            text = (
                f"Comet: comet/ of the run took no archive. It is kept in {archive}, a temporary folder: move it away, "
                f"or send it with: comet upload {archive}"
            )
            self.channel.report(text, location=str(archive), keeps=True)
        if not strays:
            # Never `tempfile.gettempdir()`: where the folder is unusable that is everybody's /tmp, or the current one.
            shutil.rmtree(self.settings["temporary"], ignore_errors=True)

    def _archives(self) -> set[Path]:
        return set(Path(self.settings["folder"]).glob("*.zip"))

    def _strays(self) -> list[Path]:
        """Archives that the client wrote to a temporary folder, as it does where `settings["folder"]` takes none."""
        found = Path(tempfile.gettempdir()).glob(f"*/{self.settings['experiment_key']}*.zip")
        return sorted(archive for archive in found if _holds_something(archive))


class _ErrorReports(logging.Handler):
    """Hands the client's first errors to the parent: there is no other place where they would be seen."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(logging.ERROR)
        self._channel = channel
        self._left = _MAX_ERRORS

    def emit(self, record: logging.LogRecord) -> None:
        if self._left > 0:
            self._left -= 1
            self._channel.report(f"Comet: {record.getMessage().strip()[:500]}")


def _holds_something(archive: Path) -> bool:
    """Whether it is more than the empty archive with which the client tries the folder when it starts."""
    try:
        with zipfile.ZipFile(archive) as files:
            return bool(files.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
