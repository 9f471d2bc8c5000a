"""What a main shows on the terminal: our own lines, and TensorFlow's only where something is wrong."""

import logging
import os
import sys


def setup_console() -> None:
    """Shows the lines of the logger `maskeras`; keeps TensorFlow's start-up notices away unless they were asked for."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines())
    log = logging.getLogger("maskeras")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False


class _Lines(logging.Formatter):
    """An information is its text; a warning says that it is one."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return text if record.levelno < logging.WARNING else f"{record.levelname.lower()}: {text}"
