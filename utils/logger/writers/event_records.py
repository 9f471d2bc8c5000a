"""Removes events from TensorBoard's files, to roll back.

An event file is a row of records: the length of the data (uint64), a checksum of that (uint32), the data, a checksum of
the data (uint32), all little-endian (tensorflow/core/lib/io/record_writer.h).
"""

# The protos' classes are made when they are imported, and have no stubs.
# pyright: reportAttributeAccessIssue=false

import struct
from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from tensorboard.compat.proto.event_pb2 import Event

from utils.files import write_whole

_LENGTH = struct.Struct("<Q")
_HEAD, _TAIL = 12, 4


def keep_events(path: Path, last_step: int) -> None:
    """Rewrites an event file without what it logs for steps after `last_step`, and without a half-written record.

    A `SessionLog` asks readers to drop such steps, which TensorBoard's default one ignores.
    """
    content = path.read_bytes()
    kept = b"".join(record for record, event in _records(content) if not _is_after(event, last_step))
    if len(kept) < len(content):
        write_whole(path, kept)


def _is_after(event: Event, last_step: int) -> bool:
    return event.HasField("summary") and event.step > last_step


def _records(content: bytes) -> Iterator[tuple[bytes, Event]]:
    """Each whole record as it is in the file, with its event."""
    start = 0
    while start + _HEAD <= len(content):
        size = _LENGTH.unpack_from(content, start)[0]
        end = start + _HEAD + size + _TAIL
        if end > len(content):
            return
        try:
            event = Event.FromString(content[start + _HEAD : end - _TAIL])
        except DecodeError:
            return
        yield content[start:end], event
        start = end
