"""Errors that a user can correct: shown as one message, without a traceback."""


class UserError(Exception):
    """What was received, where, and what to do. A main prints it to stderr and exits with `exit_code`."""

    exit_code = 2
