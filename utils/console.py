"""What a main shows on the terminal: our own lines, and those of libraries only where something is wrong."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from utils.backend import choose_backend

_NOTICES = (
    r"absl::InitializeLog|oneDNN custom operations are on|Could not find cuda drivers|failed call to cuInit"
    r"|is optimized to use available CPU instructions|^To enable the following instructions|^[[:space:]]*$"
)
"""What TensorFlow writes at each start on a machine where all is well. It does not heed TF_CPP_MIN_LOG_LEVEL."""


def setup_console() -> None:
    """Shows the lines of the logger `maskeras` on stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    log = logging.getLogger("maskeras")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
    # Grain warns at each import that JAX, which it does not need, is not installed.
    logging.getLogger("absl").setLevel(logging.ERROR)


def load_keras() -> None:
    """Imports Keras and starts its backend, see `utils.backend`; the notices of every start are left out, the
    rest is shown."""
    choose_backend()
    with _without_notices():
        import keras  # noqa: PLC0415 - here, so that a wrong config is reported before this takes its seconds

        keras.ops.convert_to_tensor(0)


@contextmanager
def _without_notices() -> Iterator[None]:
    """Leaves the notices out of what is written to stderr, by native libraries too.

    The lines go through `grep`, a process of its own, so that the last lines before an abort are shown as well. Ctrl-C
    does not reach its session. Without `grep` everything is shown.
    """
    grep = shutil.which("grep")
    if grep is None:
        yield
        return
    sys.stderr.flush()
    command = [grep, "--text", "--line-buffered", "-vE", _NOTICES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=2, start_new_session=True) as lines:
        terminal = os.dup(2)
        os.dup2(lines.stdin.fileno(), 2)  # type: ignore[union-attr]
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)


class _Lines(logging.Formatter):
    """An information is its text; a warning says that it is one."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
