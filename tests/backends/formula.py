"""Weights and noise that are the same everywhere: no initializer, no generator of any backend."""

import zlib
from types import MethodType

import keras
import numpy as np

from base.variables import named_variables


def numbers(name, shape):
    """float32 in (-1, 1), spread like uniform ones; they depend on the name and the place alone."""
    steps = np.arange(int(np.prod(shape)), dtype=np.float64) + zlib.crc32(name.encode()) % 10_000
    return (2 * np.modf(np.abs(np.sin(steps) * 43758.5453))[0] - 1).reshape(shape).astype(np.float32)


def fill(network):
    """Gives every weight numbers that depend on its path, large enough for the heads to have opinions."""
    for path, variable in named_variables(network).items():
        drawn, kind = numbers(path, variable.shape), path.rpartition("/")[2]
        if kind in ("kernel", "depthwise_kernel", "pointwise_kernel"):
            fan_in = np.prod(variable.shape[:2] if kind == "depthwise_kernel" else variable.shape[:-1])
            variable.assign(drawn * np.sqrt(6 / fan_in))
        elif kind in ("gamma", "moving_variance"):
            variable.assign(1 + 0.2 * drawn)
        elif kind in ("beta", "bias", "moving_mean"):
            variable.assign(0.1 * drawn)


def with_formula_noise(network):
    """Mask R-CNN's samples drawn by numbers of the formula instead of the backend's generator."""

    def noise(self, like):
        return keras.ops.convert_to_tensor((numbers("noise", tuple(like.shape)) + 1) / 2)

    object.__setattr__(network, "_noise", MethodType(noise, network))
