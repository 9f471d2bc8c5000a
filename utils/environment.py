"""What a run was made with: versions, machine, commit, command line."""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from utils.redact import mask_command, without_secrets

PACKAGES = (
    "keras", "tensorflow", "jax", "torch", "numpy", "grain", "opencv-python-headless", "pydantic", "comet-ml",
    "faster-coco-eval", "pycocotools",
)  # fmt: skip
_ROOT = Path(__file__).resolve().parents[1]


def environment(extra: Mapping[str, Any]) -> dict[str, Any]:
    """A description of this process for `environment.json`; nothing in it is secret and nothing is imported for it.

    Args:
        extra: JSON values to add, such as the data set's fingerprint; they go before what is found here.

    Returns:
        `time` (UTC), `python`, `packages` (name → version, those installed), `backend`, `platform`, `cpu`, `git`
        (`commit` and `dirty`, null where git does not say in time, or null without git) and `command`.
    """
    found = {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: number for name in PACKAGES if (number := _version(name))},
        "backend": _backend(),
        "platform": platform.platform(),
        "cpu": {"model": _cpu_model(), "count": os.cpu_count()},
        "git": _git(_ROOT),
        "command": mask_command(sys.argv),
    }
    return {**found, **without_secrets(extra)}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _backend() -> str:
    """Keras's own word where it is loaded, else what it would go by."""
    keras = sys.modules.get("keras")
    return keras.backend.backend() if keras else os.environ.get("KERAS_BACKEND", "tensorflow")


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor()


def _git(root: Path) -> dict[str, Any] | None:
    """The commit checked out in `root` and whether files differ from it; None without git or without a commit."""
    commit = _git_output(root, "rev-parse", "HEAD")
    if not commit:
        return None
    changes = _git_output(root, "status", "--porcelain")
    return {"commit": commit, "dirty": None if changes is None else bool(changes)}


def _git_output(root: Path, *words: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run([git, *words], cwd=root, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
