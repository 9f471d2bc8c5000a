"""How Comet's process is started: what it is told, and its environment."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.logger.config import CometConfig

_LOG = logging.getLogger("maskeras")
_ROOT = Path(__file__).resolve().parents[2]


def process_settings(
    run_dir: Path, config: CometConfig, online: bool, name: str, tags: Sequence[str], key: str
) -> dict[str, Any]:
    """What the process is told, as JSON; `temporary` and `git_patch` are still to be added."""
    folder = (run_dir / "comet").resolve()
    if not online:
        folder.mkdir(parents=True, exist_ok=True)
    return {
        "parent": os.getpid(),
        "folder": str(folder),
        "online": online,
        "name": name,
        "tags": list(tags),
        "experiment_key": key,
        "project": config.project,
        "workspace": config.workspace,
        "connect_timeout_s": config.connect_timeout_s,
        "timeout_s": config.timeout_s,
        "system_metrics": config.system_metrics,
        "git_metadata": config.git_metadata,
    }


def start_process(config: CometConfig, settings: dict[str, Any]) -> subprocess.Popen[bytes] | None:
    """Start `comet_process.py`; None, with a warning, where that is not possible."""
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "utils.logger.comet_process", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=_environment(config, settings["temporary"]),
            bufsize=0,
            start_new_session=True,  # Ctrl-C is for the training, which then closes this in order
        )
    except OSError as error:
        _LOG.warning("Comet is off: its process could not be started (%s)", error)
        return None


def _environment(config: CometConfig, temporary: str) -> dict[str, str]:
    """The process's environment: no key in it, no reports to third parties, waits that fit into ours."""
    environment = {key: value for key, value in os.environ.items() if key != "COMET_API_KEY"}
    # The client waits several times when it ends; together it must stay below our own limit, so that it still comes to
    # writing the archive with which it answers a server that went silent.
    wait, request = (str(max(1, int(config.timeout_s / part))) for part in (4, 10))
    environment |= {
        "COMET_DISABLE_AUTO_LOGGING": "1",
        "COMET_ERROR_TRACKING_ENABLE": "false",
        "COMET_INTERNAL_REPORTING": "false",
        "COMET_DISABLE_ANNOUNCEMENT": "true",
        "COMET_TIMEOUT_CLEANING": wait,
        "COMET_TIMEOUT_UPLOAD": wait,
        "COMET_TIMEOUT_FILE_UPLOAD": request,
        "COMET_TIMEOUT_HTTP": request,
        "COMET_TIMEOUT_API": request,
        "TMPDIR": temporary,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
    }
    environment.setdefault("COMET_HTTP_SESSION_RETRY_TOTAL", "1")
    environment.setdefault("COMET_GIT_DIRECTORY", str(_ROOT))  # the one that `may_log_patch` searches
    if config.url is not None:
        environment["COMET_URL_OVERRIDE"] = config.url
    return environment
