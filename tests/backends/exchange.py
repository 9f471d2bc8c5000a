"""What the backends compare: each writes its figures into one folder and reads those of the others.

`make test-backends` sets the folder; without it there is nothing to compare with, and the tests that need it skip.
"""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

FOLDER = "MASKERAS_BACKENDS_FOLDER"
"""The environment variable that names it; empty before the first backend."""

BACKEND = keras.backend.backend()

compares_backends = pytest.mark.skipif(
    not os.environ.get(FOLDER), reason="compares environments with each other: make test-backends"
)
"""For tests that would take long to say nothing about one backend alone."""


def folder():
    """The folder; skips where there is none, after what a quick test holds of one backend alone."""
    if not os.environ.get(FOLDER):
        pytest.skip("compares environments with each other: make test-backends")
    return Path(os.environ[FOLDER])


def others(name):
    """Backend → what it left under this name, for each other backend that was here before."""
    left = {path.name: path / name for path in sorted(folder().iterdir()) if path.name != BACKEND}
    return {backend: path for backend, path in left.items() if path.exists()}


def own(name):
    """Where this backend leaves what it has under this name."""
    path = folder() / BACKEND / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def compare(name, arrays, rtol, atol):
    """Leaves the arrays as a file `<name>.npz` and holds them against those of every other backend."""
    np.savez(own(f"{name}.npz"), **arrays)
    for backend, path in others(f"{name}.npz").items():
        with np.load(path) as theirs:
            assert set(theirs.files) == set(arrays)
            for key, value in arrays.items():
                message = f"{name}: {key} on {BACKEND} is not that on {backend}"
                np.testing.assert_allclose(value, theirs[key], rtol=rtol, atol=atol, err_msg=message)
