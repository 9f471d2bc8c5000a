"""Whether an operation may use the backend's own kernels instead of plain `keras.ops`.

A backend's kernels are faster but bound to it: XLA cannot compile them and exporters do not know them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras

_portable = ContextVar("portable", default=False)


@contextmanager
def portable_operations(wanted: bool = True) -> Iterator[None]:
    """While entered (and `wanted`), everything is traced in plain `keras.ops`: for XLA, and for export."""
    token = _portable.set(wanted or _portable.get())
    try:
        yield
    finally:
        _portable.reset(token)


def tensorflow_kernels() -> bool:
    """Whether TensorFlow's kernels may be used, on any device."""
    return keras.backend.backend() == "tensorflow" and not _portable.get()


def tensorflow_cpu_kernels() -> bool:
    """Whether those may be used that are worth it on a CPU only."""
    if not tensorflow_kernels():
        return False
    from models.ops.native.tensorflow_devices import has_gpu  # noqa: PLC0415 - on that backend only

    return not has_gpu()
