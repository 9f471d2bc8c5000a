"""What a main shows on the terminal: our own lines, and those of libraries only where something is wrong."""

import logging
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

_NOTICES = re.compile(
    r"absl::InitializeLog|oneDNN custom operations are on|Could not find cuda drivers|failed call to cuInit"
    r"|is optimized to use available CPU instructions|^To enable the following instructions|^\s*$"
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
    """Imports Keras and starts its backend; the notices that belong to every start are left out, the rest is shown."""
    with _without_notices():
        import keras  # noqa: PLC0415 - here, so that a wrong config is told before this takes its seconds

        keras.ops.convert_to_tensor(0)


@contextmanager
def _without_notices() -> Iterator[None]:
    """Holds back what is written to stderr, by native libraries too, and shows all but the notices in the end."""
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
            held.seek(0)
            for line in held.read().decode(errors="replace").splitlines():
                if not _NOTICES.search(line):
                    print(line, file=sys.stderr)


class _Lines(logging.Formatter):
    """An information is its text; a warning says that it is one."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
