"""The ways through an operation that has several; each test of it takes them all."""

import math
from contextlib import nullcontext

import keras
import pytest

from models.ops import roi_align as roi_align_module
from models.ops.kernels import portable_operations

KERNELS = keras.backend.backend() == "tensorflow"


@pytest.fixture(params=["dense", "gather", *(["sparse"] if KERNELS else [])])
def way(request, monkeypatch):
    """`roi_align` takes this way, whatever the sizes of the maps."""
    monkeypatch.setattr(roi_align_module, "_DENSE_BELOW", math.inf if request.param == "dense" else 0)
    with nullcontext() if request.param == "sparse" else portable_operations():
        yield request.param


@pytest.fixture(params=["portable", *(["kernels"] if KERNELS else [])])
def operations(request):
    """Plain `keras.ops`, or the backend's own kernels where it has some."""
    with portable_operations(request.param == "portable"):
        yield request.param
