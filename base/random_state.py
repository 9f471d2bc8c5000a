"""The states of Python's and NumPy's global generators, as JSON values."""

import random
from typing import Any

import numpy as np


def random_states() -> dict[str, Any]:
    """What `restore_random_states` takes."""
    version, internal, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    return {
        "python": [version, list(internal), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }


def restore_random_states(states: dict[str, Any]) -> None:
    """Sets both generators to what they were."""
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
