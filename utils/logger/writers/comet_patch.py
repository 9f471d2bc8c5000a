"""The uncommitted changes, which Comet's client uploads unseen: whether they are known to hold no API key."""

import logging
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

_LOG = logging.getLogger("maskeras")
_ROOT = Path(__file__).resolve().parents[3]
_GIT_S = 10.0
"""Seconds that git may take to show the uncommitted changes."""


def may_log_patch(keys: Sequence[str]) -> bool:
    """Whether the changes are known to hold none of the keys; where not, a warning says so without showing any."""
    if not keys:
        return True
    try:
        patch = _patch()
    except (OSError, subprocess.SubprocessError) as error:
        _LOG.warning("Comet: logger.comet.git_patch is off: the changes cannot be searched for the API key (%s)", error)
        return False
    if any(key.encode() in patch for key in keys):
        _LOG.warning(
            "Comet: logger.comet.git_patch is off: the uncommitted changes hold an API key. Take it out of the file: "
            "its place is COMET_API_KEY in the environment"
        )
        return False
    return True


def _patch() -> bytes:
    # What the client compares, whatever the person's git shows: as many lines around a change, all files as text.
    options = ["--unified=3", "--text", "--no-color", "--no-ext-diff", "--no-textconv", "--no-relative"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name.startswith("GIT_CONFIG")
    }
    place = os.environ.get("COMET_GIT_DIRECTORY") or _ROOT
    command = ["git", "-C", str(place), "diff", *options, "HEAD"]
    return subprocess.run(command, env=environment, capture_output=True, check=True, timeout=_GIT_S).stdout
