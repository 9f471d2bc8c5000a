"""How Comet's process is started: what it is told, and its environment."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils.logger.config import CometConfig

_ROOT = Path(__file__).resolve().parents[2]


def process_settings(config: CometConfig, online: bool, name: str, tags: Sequence[str], key: str) -> dict[str, Any]:
    """What the process is told of the experiment; the caller adds its `folder` and `git_patch`."""
    return {
        "parent": os.getpid(),
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


def archive_folder(run_dir: Path, online: bool) -> Path:
    """Where archives go, absolute; made at once where the run is offline, for the client tries it when it starts."""
    folder = (run_dir / "comet").resolve()
    if not online:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def start_process(config: CometConfig, settings: dict[str, Any], temporary: Path) -> subprocess.Popen[bytes]:
    """Start `comet_process.py`, with a temporary folder that is its own.

    Raises:
        OSError: it cannot be started.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "utils.logger.comet_process", json.dumps(settings | {"temporary": str(temporary)})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
        env=_environment(config, temporary),
        bufsize=0,
        start_new_session=True,  # Ctrl-C is for the training, which then closes this in order
    )


def _environment(config: CometConfig, temporary: Path) -> dict[str, str]:
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
        "TMPDIR": str(temporary),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
    }
    environment.setdefault("COMET_HTTP_SESSION_RETRY_TOTAL", "1")
    environment.setdefault("COMET_GIT_DIRECTORY", str(_ROOT))  # the one that `may_log_patch` searches
    if config.url is not None:
        environment["COMET_URL_OVERRIDE"] = config.url
    return environment
