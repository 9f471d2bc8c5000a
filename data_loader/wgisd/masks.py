"""Masks in a NumPy archive, after a look at what its header claims."""

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from data_loader.errors import DataError

_MEMBER = "arr_0.npy"
_LARGEST = 1 << 31
_KINDS = "biu"


def read_masks(path: Path, check: Callable[[tuple[int, ...]], None]) -> np.ndarray:
    """The array (h, w, n) in an .npz file: bool or integers.

    Args:
        path: the file.
        check: raises `DataError` where the shape, as the header has it, is wrong: nothing is decompressed then.

    Raises:
        DataError: it is missing or broken, holds something else, or claims more than 2 GB.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_MEMBER) as file:
            version = np.lib.format.read_magic(file)
            reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = reader(file)
            _check(path, shape, dtype)
            check(shape)
        with zipfile.ZipFile(path) as archive, archive.open(_MEMBER) as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file.") from None
    except KeyError:
        raise DataError(f"{path}: has no array {_MEMBER.removesuffix('.npy')}.") from None
    except (OSError, ValueError, EOFError, RuntimeError, zlib.error, zipfile.BadZipFile) as error:
        # RuntimeError: a password, or a method of compression that is not known
        raise DataError(f"{path}: is no whole .npz file ({error}).") from error


def _check(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) != 3 or dtype.kind not in _KINDS:
        raise DataError(
            f"{path}: has an array {shape} of {dtype}; masks are (height, width, objects), bool or integers."
        )
    if np.prod(shape, dtype=float) * dtype.itemsize > _LARGEST:
        raise DataError(f"{path}: its header claims {shape} of {dtype}, more than {_LARGEST >> 30} GB.")
