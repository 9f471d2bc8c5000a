"""Files of named arrays: `.pth`, `.safetensors`, `.npz`. None of them is trusted, and none can run anything."""

import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from models.weights.errors import WeightsError
from models.weights.pth import read_pth
from models.weights.tensors import KINDS

_SAFETENSORS = {kind.safetensors: kind for kind in KINDS}
"""Kinds of numbers by name. The package's NumPy reader cannot read bfloat16."""

_SWELLING = 20
_SMALL = 16 << 20
"""Arrays may take this many times the bytes of their file, or this many bytes: trained weights hardly shrink."""

_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How NumPy stores arrays; other ways of a zip archive may claim memory to unpack a single byte."""

_SPOILT = (ValueError, LookupError, OSError, EOFError, ArithmeticError, MemoryError, RecursionError)
"""What readers raise for a file that is not what they expect."""

_SPOILT_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError)
_SPOILT_NPY = (TypeError, IndexError, tokenize.TokenError)
"""What NumPy raises for a header that is no header, besides ValueError."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Name → array of all that the file holds.

    Raises:
        WeightsError: it is interrupted, damaged, a bomb, or something else than its suffix says; or it needs a package
            that is not installed.
    """
    try:
        foreign = foreign_content(path)
        if foreign:
            raise ValueError(f"it is {foreign}")
        return _READERS[path.suffix](path)
    except _SPOILT as error:
        reason = " ".join(str(error).split())[:600] or type(error).__name__
        raise WeightsError(f'the weights "{path}" cannot be read: {reason}') from error


def check_swelling(packed: int, unpacked: int) -> None:
    """Raises ValueError if no weights can have that many bytes in a file that is `packed` bytes long."""
    if unpacked > max(_SMALL, _SWELLING * packed):
        raise ValueError(f"its {packed} bytes would become {unpacked}, which no trained weights do")


def foreign_content(path: Path) -> str | None:
    """What the file is, in words, where something else came instead of weights; None if nothing shows that."""
    with path.open("rb") as file:
        start = file.read(512).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml", b"<error")):
        return "a web page: a login of the network, perhaps, or a link that is no longer right"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS and not the file itself: `git lfs pull` fetches it"
    return None


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    try:
        from safetensors import SafetensorError, deserialize  # noqa: PLC0415 - an extra, imported only when used
    except ImportError as error:
        raise WeightsError(
            f'"{path}" needs a package that is not installed: pip install "safetensors>=0.6,<1"'
        ) from error
    try:
        entries = deserialize(path.read_bytes())
    except SafetensorError as error:
        raise ValueError(f"it is interrupted or damaged ({error})") from error
    unknown = sorted({entry["dtype"] for _, entry in entries} - set(_SAFETENSORS))
    if unknown:
        raise ValueError(f"it holds numbers of the kind {', '.join(unknown)}; known are {', '.join(_SAFETENSORS)}")
    return {
        name: _SAFETENSORS[entry["dtype"]].read(bytes(entry["data"]), "<").reshape(entry["shape"])
        for name, entry in entries
    }


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            check_swelling(path.stat().st_size, sum(info.file_size for info in archive.infolist()))
            return {info.filename.removesuffix(".npy"): _read_npy(archive, info) for info in archive.infolist()}
    except (*_SPOILT_ZIP, *_SPOILT_NPY) as error:
        raise ValueError(f"it is interrupted or damaged ({error})") from error


def _read_npy(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array, where its header claims just as many bytes as there are; `np.load` would allocate what it claims."""
    if info.compress_type not in _PACKED:
        raise ValueError(f"{info.filename[:80]!r} is compressed in a way that NumPy never does")
    headers: dict[Any, Any] = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        if version not in headers:
            raise ValueError(f"{info.filename[:80]!r} has version {version} of NumPy's format")
        shape, by_columns, dtype = headers[version](stream)
        left = info.file_size - stream.tell()
        if dtype.kind not in "fiub" or math.prod(shape) * dtype.itemsize != left:
            raise ValueError(f"{info.filename[:80]!r} claims {dtype} of shape {shape}, and {left} bytes are there")
        data = stream.read()
    return np.frombuffer(data, dtype).reshape(shape, order="F" if by_columns else "C")


_READERS = {".pth": read_pth, ".safetensors": _read_safetensors, ".npz": _read_npz}
"""Suffix → reader; each raises one of `_SPOILT`."""
