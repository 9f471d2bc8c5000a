"""One process at a time, where several would write the same files."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LOGGER = logging.getLogger("maskeras")


@contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Holds a lock; the system lets go of it when a process ends, however it does.

    Where another process holds it this one waits and says so. Some network file systems have no locks: there it
    continues without, and says that too.

    Args:
        lock: an empty file that stays; its folder is made.
        doing: what the process does meanwhile, as in "Another process is …".

    Raises:
        OSError: the file cannot be written.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _LOGGER.info("Another process is %s; waiting for it …", doing)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            _LOGGER.info("%s cannot be locked (%s): start nothing else that is %s meanwhile.", lock, error, doing)
        yield
