"""Writes files as `torch.save` does, without torch, and spoilt ones as it never would."""

import io
import struct
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from models.weights.pth import read_pth

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
KINDS = {
    "f8": "Double",
    "f4": "Float",
    "f2": "Half",
    "i8": "Long",
    "i4": "Int",
    "i2": "Short",
    "i1": "Char",
    "u1": "Byte",
}


@dataclass(frozen=True)
class Name:
    """`module.name`, as a pickle refers to it."""

    module: str
    name: str


@dataclass(frozen=True)
class Called:
    """`function(*arguments)`, to be called when the pickle is read; then its state is set, where there is one."""

    function: Name
    arguments: tuple
    state: Any = None


@dataclass(frozen=True)
class Persistent:
    """What the reader of the pickle is asked to find."""

    identity: Any


def pickled(value):
    """Protocol 2, one opcode after the other."""
    return b"\x80\x02" + _opcodes(value) + b"."


def _opcodes(value):  # noqa: PLR0911 - one for each kind of value
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return (
                b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else b"\x8a\x09" + value.to_bytes(9, "little")
            )
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(_opcodes, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_opcodes, value)) + b"e"
        case dict():
            return b"}(" + b"".join(_opcodes(key) + _opcodes(item) for key, item in value.items()) + b"u"
        case Name():
            return f"c{value.module}\n{value.name}\n".encode()
        case Called():
            state = b"" if value.state is None else _opcodes(value.state) + b"b"
            return _opcodes(value.function) + _opcodes(value.arguments) + b"R" + state
        case Persistent():
            return _opcodes(value.identity) + b"Q"
    raise TypeError(value)


def storage(key, kind, count, *more):
    return Persistent(("storage", Name("torch", f"{kind}Storage"), key, "cpu", count, *more))


def tensor(where, offset, shape, strides):
    hooks = Called(Name("collections", "OrderedDict"), ())
    arguments = (where, offset, tuple(shape), tuple(strides), False, hooks)
    return Called(Name("torch._utils", "_rebuild_tensor_v2"), arguments)


def described(arrays, *more):
    """Name → array becomes name → tensor on a storage of its own, and the storages' bytes by key."""
    tensors, data = {}, {}
    for number, (name, array) in enumerate(arrays.items()):
        key, kind = str(number), KINDS[array.dtype.str[1:]]
        strides = [stride // array.itemsize for stride in np.ascontiguousarray(array).strides]
        tensors[name] = tensor(storage(key, kind, array.size, *more), 0, array.shape, strides[: array.ndim])
        data[key] = array.tobytes()
    return tensors, data


def zipped(value, data, name="archive", byteorder=b"little", **others):
    """The bytes of a file in the format since torch 1.6."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{name}/data.pkl", value if isinstance(value, bytes) else pickled(value))
        archive.writestr(f"{name}/byteorder", byteorder)
        for key, content in data.items():
            archive.writestr(f"{name}/data/{key}", content)
        for entry, content in others.items():
            archive.writestr(entry, content)
        archive.writestr(f"{name}/version", b"3\n")
    return file.getvalue()


def old(value, storages, magic=MAGIC, version=1001):
    """The bytes of a file in the format before torch 1.6. `storages`: key → (numbers, bytes)."""
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    head = magic + pickled(version) + pickled(system) + pickled(value) + pickled(list(storages))
    return head + b"".join(struct.pack("<q", count) + content for count, content in storages.values())


def write_pth(path, arrays):
    """A state dict as `torch.save` writes it, `_metadata` included."""
    tensors, data = described(arrays)
    items = tuple((name, value) for name, value in tensors.items())
    metadata = {"_metadata": Called(Name("collections", "OrderedDict"), ())}
    path.write_bytes(zipped(Called(Name("collections", "OrderedDict"), (list(items),), metadata), data))
    return path


def archive(entries, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as target:
        for name, content in entries:
            target.writestr(name, content)
    return file.getvalue()


FLOATS = np.arange(24, dtype=np.float32)
PICKLE = pickled({"weight": tensor(storage("0", "Float", 24), 0, (24,), (1,))})
BYTES = FLOATS.tobytes()


def read(tmp_path, content):
    (tmp_path / "file.pth").write_bytes(content)
    return read_pth(tmp_path / "file.pth")


def refused(tmp_path, content, reason):
    with pytest.raises(ValueError, match=reason):
        read(tmp_path, content)


def one(shape, strides, offset=0, where=None):
    """A file with one tensor on 24 numbers."""
    where = where or storage("0", "Float", 24)
    return zipped({"weight": tensor(where, offset, shape, strides)}, {"0": FLOATS.tobytes()})
