"""Comet.ml: an experiment online, or an archive for `comet upload`."""

import json
import logging
import os
import uuid
from pathlib import Path
from typing import Any

from utils.files import write_json
from utils.logger.config import CometConfig
from utils.logger.isolated import IsolatedWriter
from utils.logger.writer import RunContext
from utils.logger.writers.comet_patch import may_log_patch

_LOG = logging.getLogger("maskeras")
_ROOT = Path(__file__).resolve().parents[3]


class CometWriter(IsolatedWriter):
    """Logs to one Comet experiment; a run without a key, or whose server is away, writes `comet/*.zip`.

    The experiment's key is in `comet_experiment.json` of the run's folder: a resumed run continues the same experiment.
    Comet rolls nothing back; it shows the value that came last.
    """

    title = "Comet"
    takes_code = True
    session = "utils.logger.writers.comet_session:CometSession"

    def __init__(self, context: RunContext, config: CometConfig) -> None:
        super().__init__(context, config)
        self.experiment_key = experiment_key(context.run_dir, context.resumed)
        keys = context.keys.get("comet", ())
        if not keys and config.mode == "online":
            _LOG.warning("Comet: logger.comet.mode is 'online' but there is no key (COMET_API_KEY); writing an archive")
        online = bool(keys) and config.mode != "offline"
        try:
            folder = archive_folder(context.run_dir, online)
        except OSError as error:
            self.off(f"its process could not be started ({error})")
            return
        settings = {
            "online": online,
            "name": context.name,
            "tags": list(context.tags),
            "experiment_key": self.experiment_key,
            "folder": str(folder),
            "git_patch": config.git_patch and may_log_patch(context.secrets),
            **config.model_dump(
                include={"project", "workspace", "connect_timeout_s", "system_metrics", "git_metadata"}
            ),
        }
        self.start(settings, keys[0] if online else None, environment(config))

    @property
    def next_step(self) -> tuple[str, list[str]] | None:
        """To send an archive."""
        return ("send to Comet", ["comet", "upload", self.location]) if self.location.endswith(".zip") else None


def archive_folder(run_dir: Path, online: bool) -> Path:
    """Where archives go, absolute; made at once where the run is offline, for the client tries it when it starts."""
    folder = (run_dir / "comet").resolve()
    if not online:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


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
            _LOG.warning("Comet: %s is not readable (%s); the run continues as a new experiment", path, error)
    key = uuid.uuid4().hex
    write_json(path, {"experiment_key": key})
    return key


def environment(config: CometConfig) -> dict[str, str]:
    """The process's environment: no key in it, no reports to third parties, waits that fit into ours."""
    # The client waits several times when it ends; together it must stay below our own limit, so that it still comes to
    # writing the archive with which it answers a server that went silent.
    wait, request = (str(max(1, int(config.timeout_s / part))) for part in (4, 10))
    found: dict[str, Any] = {key: value for key, value in os.environ.items() if key != "COMET_API_KEY"}
    found |= {
        "COMET_DISABLE_AUTO_LOGGING": "1",
        "COMET_ERROR_TRACKING_ENABLE": "false",
        "COMET_INTERNAL_REPORTING": "false",
        "COMET_DISABLE_ANNOUNCEMENT": "true",
        "COMET_TIMEOUT_CLEANING": wait,
        "COMET_TIMEOUT_UPLOAD": wait,
        "COMET_TIMEOUT_FILE_UPLOAD": request,
        "COMET_TIMEOUT_HTTP": request,
        "COMET_TIMEOUT_API": request,
    }
    found.setdefault("COMET_HTTP_SESSION_RETRY_TOTAL", "1")
    found.setdefault("COMET_GIT_DIRECTORY", str(_ROOT))  # the one that `may_log_patch` searches
    if config.url is not None:
        found["COMET_URL_OVERRIDE"] = config.url
    return found
