"""One seed for everything random in the process."""

import random

import numpy as np


def seed_everything(seed: int) -> None:
    """Seeds Python, NumPy, Keras and its backend.

    Args:
        seed: 0 … 2**32 - 1.

    Raises:
        ValueError: the seed is outside that range.
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"received the seed {seed}; it must be between 0 and 2**32 - 1")
    import keras  # noqa: PLC0415 - here, so that reading a config or printing --help does not wait for it

    random.seed(seed)
    np.random.seed(seed)
    keras.utils.set_random_seed(seed)


def set_precision(policy: str) -> None:
    """Sets what layers made from now on compute in: `float32`, `mixed_bfloat16` or `mixed_float16`."""
    import keras  # noqa: PLC0415 - as above

    keras.config.set_dtype_policy(policy)
