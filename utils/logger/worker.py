"""The process in which a tracker's client runs; `isolated.py` starts and feeds it.

It notices the end of its input, also where the parent was killed, and finishes its record all the same. In: the
messages of `frames.py`, each a method of the session and its arguments; the first is the secret. Out: lines of JSON.
"""

import json
import logging
import os
import select
import shutil
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from utils.logger.frames import END, receive
from utils.registry import load_object

_POLL_S = 1.0


class Channel:
    """The pipes to the parent, taken away from descriptors 0 and 1 so that no library and no child of it uses them."""

    def __init__(self, parent: int) -> None:
        self._parent = parent
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(null, 1)
        self.secret: str | None = None

    def report(
        self, text: str, level: str = "WARNING", location: str = "", off: bool = False, keeps: bool = False
    ) -> None:
        """Tell the parent something; the secret is masked. A parent that is gone is no reason to stop.

        Args:
            text: what the parent logs. level: of that line.
            location: where the record is.
            off: nothing more will be logged.
            keeps: the temporary folder holds what is worth keeping.
        """
        masked = text.replace(self.secret, "***") if self.secret else text
        line = {"text": masked, "level": level, "location": location, "off": off, "keeps": keeps}
        try:
            os.write(self._out, (json.dumps(line) + "\n").encode("utf-8"))
        except BrokenPipeError:
            logging.getLogger(__name__).debug("the parent is gone: %s", masked)

    def messages(self) -> Iterator[tuple[Any, ...]]:
        """The parent's messages, until the last one, or until the parent ends or dies."""
        while (message := receive(self._read)) is not None and message != END:
            yield message

    def restart(self, settings: dict[str, Any]) -> NoReturn:
        """Run this program again in place of itself: nothing else ends a client's threads that still try."""
        os.dup2(self._in, 0)
        os.dup2(self._out, 1)
        os.execv(sys.executable, [sys.executable, "-m", "utils.logger.worker", json.dumps(settings)])

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            # A forked worker of a killed parent may hold the pipe open, so its end alone is not enough.
            if not select.select([self._in], [], [], _POLL_S)[0]:
                if os.getppid() != self._parent:
                    return None
                continue
            part = os.read(self._in, min(size - len(data), 1 << 20))
            if not part:
                return None
            data += part
        return bytes(data)


class Session(ABC):
    """What a tracker's client is asked to do: the subclass has a method for each kind of message that it takes.

    `scalars(step, scope, values)`, `image(step, name, png)`, `histogram(step, name, centers, counts)`,
    `text(step, name, text)`, `parameters(values)`, `graph(text)`, `code(name, text)`, `artifact(path, name)`; others
    are passed over.

    Args:
        settings: JSON values: those of the writer, `parent`, `timeout_s` and `temporary`, a folder of its own.
        channel: to report by.
    """

    def __init__(self, settings: dict[str, Any], channel: Channel) -> None:
        self.settings = settings
        self.channel = channel

    @abstractmethod
    def start(self, secret: str | None) -> None:
        """Starts the client; any exception turns the tracker off."""

    @abstractmethod
    def finish(self) -> bool:
        """Ends the client in `timeout_s`; whether the record is whole."""

    def leave(self) -> None:
        """Cleans up; the default removes the temporary folder."""
        shutil.rmtree(self.settings["temporary"], ignore_errors=True)


def main(settings: dict[str, Any]) -> None:
    """Log messages until they end."""
    channel = Channel(settings["parent"])
    messages = channel.messages()
    if not settings.get("secret_read"):
        _, channel.secret = next(messages, ("secret", None))
        settings = {**settings, "secret_read": True}
    session: Session = load_object(settings["session"])(settings, channel)
    name = type(session).__name__.removesuffix("Session")
    try:
        session.start(channel.secret)
    except Exception as error:  # whatever the client raises, the run continues without it
        channel.report(f"{name} is off: {type(error).__name__}: {error}", off=True)
        os._exit(1)
    for method, *arguments in messages:
        try:
            getattr(session, method, _ignore)(*arguments)
        except Exception as error:  # one value that the client refuses must not cost the others
            channel.report(f"{name}: {method}: {type(error).__name__}: {error}")
    done = _finish(session, name)
    session.leave()
    # The client's threads and exit handlers have nothing left to do, and may wait for a dead server.
    os._exit(0 if done else 1)


def _finish(session: Session, name: str) -> bool:
    """`session.finish()` in the time that the parent waits too."""

    def give_up() -> None:
        session.channel.report(f"{name}: the client did not end within {session.settings['timeout_s']:g} s")
        session.leave()
        os._exit(1)

    timer = threading.Timer(session.settings["timeout_s"], give_up)
    timer.daemon = True
    timer.start()
    try:
        return session.finish()
    except Exception as error:  # whatever the client raises, the parent must hear of it
        session.channel.report(f"{name}: the client could not end: {type(error).__name__}: {error}")
        return False
    finally:
        timer.cancel()


def _ignore(*_: Any) -> None:
    """A kind of message that the tracker does not take."""


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main(json.loads(sys.argv[1]))
