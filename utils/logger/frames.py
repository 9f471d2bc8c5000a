"""Messages over a pipe: a method's name, JSON arguments and at most one block of bytes, the last argument."""

import json
import struct
from collections.abc import Callable
from typing import Any

END = ("end",)
"""The last message."""

_LENGTHS = struct.Struct("<QQ")


def send(pipe: Any, message: tuple[Any, ...]) -> None:
    """Writes one message to an unbuffered pipe.

    Raises:
        OSError: nobody reads it.
    """
    *words, last = message
    block = last if isinstance(last, bytes) else b""
    text = json.dumps(words if block else list(message)).encode("utf-8")
    view = memoryview(_LENGTHS.pack(len(text), len(block)) + text + block)
    while view:
        view = view[pipe.write(view) :]


def receive(read: Callable[[int], bytes | None]) -> tuple[Any, ...] | None:
    """The next message; `read(n)` gives n bytes, or None where there are no more. None at the end."""
    lengths = read(_LENGTHS.size)
    if lengths is None:
        return None
    of_text, of_block = _LENGTHS.unpack(lengths)
    text = read(of_text)
    block = read(of_block) if of_block else b""
    if text is None or block is None:
        return None
    message = tuple(json.loads(text))
    return (*message, block) if block else message
