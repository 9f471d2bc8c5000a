"""PyTorch's `.pth` without PyTorch: both formats of `torch.save`, of a plain state dict.

Since torch 1.6 a file is a zip archive: `<name>/data.pkl`, a pickle that describes the tensors, and their numbers in
`<name>/data/<key>`. Before, it was a row of pickles (a magic number, a version, the machine, the value, the keys of the
storages) and behind them each storage's length and numbers.
"""

import io
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.weights.pickles import Call, make_dictionary, read_pickle
from models.weights.tensors import KINDS, Storage, Tensor, rebuild_parameter, rebuild_tensor, storage_of

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001
_LARGEST_PICKLE = 1 << 20
"""Bytes; the state dict of a ResNet-152 needs 0.1 MB."""

_KNOWN: Mapping[str, Any] = {
    "collections.OrderedDict": Call(make_dictionary),
    "torch._utils._rebuild_tensor_v2": Call(rebuild_tensor),
    "torch._utils._rebuild_parameter": Call(rebuild_parameter),
    **{f"torch.{kind.torch}Storage": kind for kind in KINDS},
}


def read_pth(path: Path) -> dict[str, np.ndarray]:
    """Name → array of the state dict in `path`. No code of the file is run.

    The arrays take as much memory as they do in the file, bfloat16 and numbers in the other byte order twice that. What
    describes them takes some hundred bytes for each operation of a pickle, and there are at most half a million.

    Arrays are read-only and may share memory, as they did in PyTorch; bfloat16 comes as float32.

    Raises:
        ValueError: it is neither format, is interrupted or damaged, or holds more than a state dict.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK"):
        try:
            return _read_zip(path)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, struct.error) as error:
            raise ValueError(f"it is interrupted or damaged ({error})") from error
    if start[:1] == b"\x80":
        return _read_old(path)
    raise ValueError(f"it starts with {start!r} and is in neither format of torch.save")


def _read_zip(path: Path) -> dict[str, np.ndarray]:
    with zipfile.ZipFile(path) as archive:
        entries = _entries(archive, path.stat().st_size)
        if entries["data.pkl"].file_size > _LARGEST_PICKLE:
            raise ValueError(f"its data.pkl has more than {_LARGEST_PICKLE} bytes")
        tensors = _tensors(read_pickle(io.BytesIO(archive.read(entries["data.pkl"])), _KNOWN, storage_of))
        order = ">" if "byteorder" in entries and archive.read(entries["byteorder"]) == b"big" else "<"
        values = {}
        for storage in _storages(tensors):
            entry = entries.get(f"data/{storage.key}")
            if entry is None or entry.file_size != storage.bytes:
                found = "is not there" if entry is None else f"has {entry.file_size} bytes"
                raise ValueError(f"its storage {storage.key[:80]!r} of {storage.bytes} bytes {found}")
            values[storage.key] = storage.kind.read(archive.read(entry), order)
    return {name: tensor.of(values[tensor.storage.key]) for name, tensor in tensors.items()}


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Name below the archive's one folder → entry, where each is stored uncompressed: nothing can grow when read."""
    entries: dict[str, zipfile.ZipInfo] = {}
    roots = set()
    for info in archive.infolist():
        root, _, name = info.filename.partition("/")
        roots.add(root)
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.file_size != info.compress_size:
            raise ValueError(f"its entry {info.filename[:200]!r} is compressed or encrypted; torch.save stores all")
        if not name or name in entries or ".." in info.filename.split("/"):
            raise ValueError(
                f"its entry {info.filename[:200]!r} is there twice or has a name that torch.save never gives"
            )
        entries[name] = info
    if len(roots) != 1 or "data.pkl" not in entries:
        raise ValueError("it is a zip archive, but not of torch.save: it has no data.pkl in a single folder")
    if sum(info.file_size for info in entries.values()) > size:
        raise ValueError(f"its entries claim more than the {size} bytes of the file")
    return entries


def _read_old(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as file:
        size = path.stat().st_size
        head = io.BytesIO(file.read(min(size, _LARGEST_PICKLE)))
        magic, version = (read_pickle(head, {}, storage_of) for _ in range(2))
        if (magic, version) != (_MAGIC, _VERSION):
            raise ValueError("it is a pickle, but not of torch.save")
        system = read_pickle(head, {}, storage_of)
        tensors = _tensors(read_pickle(head, _KNOWN, storage_of))
        keys = read_pickle(head, {}, storage_of)
        file.seek(head.tell())
        wanted = {storage.key: storage for storage in _storages(tensors)}
        if type(system) is not dict or type(keys) is not list or not all(type(key) is str for key in keys):
            raise ValueError("it has no list of storages")
        if sorted(keys) != sorted(wanted):
            raise ValueError("its list of storages is not that of its tensors")
        order = "<" if system.get("little_endian", True) else ">"
        left = size - file.tell()
        values = {}
        for key in keys:
            storage = wanted[key]
            left -= 8 + storage.bytes
            # Compared before it is read: a length that is only claimed takes no memory.
            if left < 0 or struct.unpack(f"{order}q", file.read(8)) != (storage.count,):
                raise ValueError(f"its storage {key[:80]!r} has not the {storage.bytes} bytes that it claims")
            values[key] = storage.kind.read(file.read(storage.bytes), order)
    return {name: tensor.of(values[tensor.storage.key]) for name, tensor in tensors.items()}


def _tensors(value: Any) -> dict[str, Tensor]:
    if type(value) is not dict:
        raise ValueError("it holds no dictionary; save a state_dict()")
    for name, tensor in value.items():
        if type(name) is not str or type(tensor) is not Tensor:
            kind = "a dictionary" if type(tensor) is dict else f"a {type(tensor).__name__}"
            raise ValueError(
                f"it holds {kind} under {str(name)[:80]!r}, no tensor; save the model's state_dict() by itself"
            )
    return value


def _storages(tensors: dict[str, Tensor]) -> list[Storage]:
    found: dict[str, Storage] = {}
    for tensor in tensors.values():
        if found.setdefault(tensor.storage.key, tensor.storage) != tensor.storage:
            raise ValueError(f"its storage {tensor.storage.key[:80]!r} is described in two ways")
    return list(found.values())
