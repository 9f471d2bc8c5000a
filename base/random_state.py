"""The states of Python's, NumPy's and, where Keras runs on it, PyTorch's global generators, as JSON values."""

import base64
import random
from typing import Any

import keras
import numpy as np


def random_states() -> dict[str, Any]:
    """What `restore_random_states` takes."""
    version, internal, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)
    states: dict[str, Any] = {
        "python": [version, list(internal), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }
    if keras.backend.backend() == "torch":  # Keras' dropout draws from the global generator there
        states["torch"] = _torch_states()
    return states


def restore_random_states(states: dict[str, Any]) -> None:
    """Sets the generators to what they were; PyTorch's only where it has been in use before and is now."""
    version, internal, gauss = states["python"]
    random.setstate((version, tuple(internal), gauss))
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), *rest))
    if "torch" in states and keras.backend.backend() == "torch":
        _restore_torch_states(states["torch"])


def _torch_states() -> list[str]:
    """Of the CPU, then of each GPU, in base64."""
    import torch  # pyright: ignore[reportMissingImports]  # noqa: PLC0415 - installed only where Keras runs on it

    found = [torch.get_rng_state(), *(torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [])]
    return [base64.b64encode(state.numpy().tobytes()).decode() for state in found]


def _restore_torch_states(states: list[str]) -> None:
    import torch  # pyright: ignore[reportMissingImports]  # noqa: PLC0415 - as above

    cpu, *gpus = (torch.frombuffer(bytearray(base64.b64decode(state)), dtype=torch.uint8) for state in states)
    torch.set_rng_state(cpu)
    for device, state in enumerate(gpus[: torch.cuda.device_count()]):
        torch.cuda.set_rng_state(state, device)
