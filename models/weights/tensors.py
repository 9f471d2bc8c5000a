"""Tensors as `torch.save` describes them: windows on one-dimensional storages."""

import reprlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

_MOST_AXES = 32

_SHORT = reprlib.Repr()
"""Prints a value of the file for a message: a part, since forty tuples that hold each other twice have no end."""
_SHORT.maxlevel, _SHORT.maxtuple, _SHORT.maxother = 2, 8, 60


@dataclass(frozen=True)
class Kind:
    """A kind of numbers, as torch (`torch.FloatStorage`), safetensors and NumPy call it."""

    torch: str
    safetensors: str
    dtype: str

    @property
    def size(self) -> int:
        """Bytes of one number."""
        return np.dtype(self.dtype).itemsize

    def read(self, data: bytes, order: Literal["<", ">"]) -> np.ndarray:
        """The numbers of a storage, in the byte order `"<"` or `">"`; bfloat16, which NumPy lacks, as float32."""
        dtype = np.dtype(self.dtype)
        values = np.frombuffer(data, dtype.newbyteorder(order)).astype(dtype, copy=False)
        return (values.astype("u4") << 16).view("f4") if self.torch == "BFloat16" else values


KINDS = (
    Kind("Double", "F64", "f8"),
    Kind("Float", "F32", "f4"),
    Kind("Half", "F16", "f2"),
    Kind("BFloat16", "BF16", "u2"),
    Kind("Long", "I64", "i8"),
    Kind("Int", "I32", "i4"),
    Kind("Short", "I16", "i2"),
    Kind("Char", "I8", "i1"),
    Kind("Byte", "U8", "u1"),
    Kind("Bool", "BOOL", "?"),
)
"""What is read; complex and quantized numbers are not."""


@dataclass(frozen=True)
class Storage:
    """The `key` of a piece of the file, and which and how many numbers it holds."""

    key: str
    kind: Kind
    count: int

    @property
    def bytes(self) -> int:
        """Its length in the file."""
        return self.count * self.kind.size


@dataclass(frozen=True)
class Tensor:
    """A window on a storage: the first number, and sizes and strides of the axes, counted in numbers."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self):
        """Raises ValueError if the window reaches out of its storage, or shows a number twice.

        Views that overlap themselves are legal in torch (`expand`), but are no weights: a few bytes could claim
        terabytes.
        """
        if not (_are_counts(self.shape) and _are_counts(self.strides) and _are_counts((self.offset,))):
            raise ValueError(f"it describes a tensor by {self._words()}, which are no sizes")
        if len(self.shape) != len(self.strides) or len(self.shape) > _MOST_AXES:
            raise ValueError(f"it holds a tensor with {len(self.shape)} sizes and {len(self.strides)} strides")
        if 0 in self.shape:
            return
        reach = 0
        for stride, side in sorted((step, side) for side, step in zip(self.shape, self.strides, strict=True)):
            if side > 1 and stride <= reach:
                raise ValueError(f"it holds a tensor that overlaps itself: {self._words()}")
            reach += stride * (side - 1)
        if self.offset + reach >= self.storage.count:
            raise ValueError(f"it holds a tensor beyond its storage of {self.storage.count}: {self._words()}")

    def _words(self) -> str:
        offset, shape, strides = map(_SHORT.repr, (self.offset, self.shape, self.strides))
        return f"offset {offset}, shape {shape}, strides {strides}"

    def of(self, values: np.ndarray) -> np.ndarray:
        """Its array, given the values of its storage."""
        if 0 in self.shape:
            return np.empty(self.shape, values.dtype)
        # No step is made along an axis of one number, so whatever stride it claims has no meaning and no bound.
        sides = zip(self.shape, self.strides, strict=True)
        steps = [stride * values.itemsize if side > 1 else 0 for side, stride in sides]
        return np.lib.stride_tricks.as_strided(values[self.offset :], self.shape, steps, writeable=False)


def rebuild_tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_others: Any) -> Tensor:
    """In place of `torch._utils._rebuild_tensor_v2`; gradients and hooks are of no use here."""
    if type(storage) is not Storage or type(shape) is not tuple or type(strides) is not tuple:
        raise ValueError("it describes a tensor without a storage, a shape or strides")
    return Tensor(storage, offset, shape, strides)


def rebuild_parameter(data: Any, *_others: Any) -> Tensor:
    """In place of `torch._utils._rebuild_parameter`: its tensor."""
    if type(data) is not Tensor:
        raise ValueError("it describes a parameter without a tensor")
    return data


def storage_of(persistent_id: Any) -> Storage:
    """In place of torch's `persistent_load`.

    Args:
        persistent_id: (`"storage"`, kind, key, device, count), and in the older format None at the end.

    Raises:
        ValueError: it is anything else.
    """
    if type(persistent_id) is tuple and len(persistent_id) in (5, 6) and persistent_id[5:] in ((), (None,)):
        word, kind, key, _, count = persistent_id[:5]
        if word == "storage" and type(kind) is Kind and type(key) is str and _are_counts((count,)):
            return Storage(key, kind, count)
    raise ValueError(f"it refers to something that is no storage: {_SHORT.repr(persistent_id)}")


def _are_counts(values: tuple[Any, ...]) -> bool:
    return all(type(value) is int and 0 <= value < 1 << 62 for value in values)
