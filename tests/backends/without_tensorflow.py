"""Runs a main in a process in which TensorFlow cannot be imported: `without_tensorflow.py MAIN.py ARGUMENTS`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python then finds no such module, and says so to who only asks whether there is one, as PyTorch does.
    sys.modules["tensorflow"] = None  # pyright: ignore[reportArgumentType]
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
