"""Which backend Keras runs on, settled before Keras is imported."""

import json
import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from utils.errors import UserError

log = logging.getLogger("maskeras")

BACKENDS = {"tensorflow": "requirements.txt", "jax": "requirements-jax.txt", "torch": "requirements-torch.txt"}
"""Name for Keras, which is that of the package too → what to install for it. The first that is installed is taken."""


def choose_backend() -> None:
    """Settles the backend by the environment variable KERAS_BACKEND, else by Keras' own file `keras.json`; where that
    one's package is not installed, by what is.

    Keras itself takes TensorFlow where nothing is said, and writes that into `keras.json` on its first start, so the
    file may say no more than that.

    Raises:
        UserError: KERAS_BACKEND names a backend that is not installed, or none is.
    """
    if "keras" in sys.modules:
        return
    named = os.environ.get("KERAS_BACKEND")
    installed = [name for name in BACKENDS if _installed(name)]
    if named and (named in installed or named not in BACKENDS):  # Keras itself reports what it does not know
        return
    if named or not installed:
        raise UserError(_what_to_do(named, installed))
    wanted = _in_keras_file()
    if wanted in installed or wanted not in BACKENDS:
        return
    os.environ["KERAS_BACKEND"] = installed[0]
    log.info("%s is not installed: Keras runs on %s. KERAS_BACKEND=%s says so too.", wanted, *installed[:1] * 2)


def _installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _in_keras_file() -> str:
    path = Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"
    try:
        return json.loads(path.read_bytes()).get("backend", "tensorflow")
    except (OSError, ValueError, AttributeError):
        return "tensorflow"


def _what_to_do(named: str | None, installed: list[str]) -> str:
    if named:
        have = f"set KERAS_BACKEND={installed[0]}, which is installed, or " if installed else ""
        return f"KERAS_BACKEND={named}, but {named} is not installed: {have}pip install -r {BACKENDS[named]}."
    ways = ", ".join(f"{file} ({name})" for name, file in BACKENDS.items())
    return f"No backend of Keras is installed: pip install -r with one of {ways}."
