"""One process at a time, where several would write the same files."""

import fcntl
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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


def claim(lock: Path) -> IO[str]:
    """Takes a lock without waiting: it is held until the file is closed or the process ends, however it does.

    Where the file system has no locks a warning says so.

    Args:
        lock: an empty file that stays, in a folder that exists.

    Raises:
        BlockingIOError: another process has it, or this one.
        OSError: the file cannot be written.
    """
    file = lock.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError as error:
        _LOGGER.warning("%s cannot be locked (%s): let no second process work in that folder.", lock, error)
    return file
