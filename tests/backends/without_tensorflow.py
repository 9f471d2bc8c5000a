"""Runs a main in a process in which TensorFlow cannot be imported: `without_tensorflow.py MAIN.py ARGUMENTS`."""

import runpy
import sys
from pathlib import Path


class Blocker:
    """Stands before all finders and has no TensorFlow."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r} (it is blocked)", name=name)


if __name__ == "__main__":
    sys.meta_path.insert(0, Blocker)
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
