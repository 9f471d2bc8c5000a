"""Named arrays of a network, and what happened when some were loaded."""

import re
from dataclasses import dataclass, field

import keras
import numpy as np

from utils.errors import UserError

# Keras numbers unnamed generators by how many the process made before, so the number has no meaning.
_UNNAMED_GENERATOR = re.compile(r"(?<![^/])seed_generator(_\d+)?(?=/)")


@dataclass(frozen=True)
class LoadReport:
    """Which variables a load filled and which it left as they were.

    Attributes:
        loaded: paths that got their value.
        reshaped: `path: found → wanted` where the shapes differ; left as they were.
        missing: paths of the network that the file does not hold; left as they were.
        unexpected: names in the file that the network does not have.
    """

    loaded: list[str] = field(default_factory=list)
    reshaped: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every variable was filled and nothing was left over."""
        return not (self.reshaped or self.missing or self.unexpected)

    def __str__(self) -> str:
        lines = [f"{len(self.loaded)} variables loaded"]
        for title, names in (("other shape", self.reshaped), ("missing", self.missing), ("not used", self.unexpected)):
            if names:
                lines += [f"{len(names)} {title}:", *(f"  {name}" for name in names)]
        return "\n  ".join(lines)


def named_variables(network: keras.Model) -> dict[str, keras.Variable]:
    """Path → variable, random states of dropout and sampling included.

    Raises:
        UserError: two variables have the same path, so a file could not tell them apart.
    """
    named: dict[str, keras.Variable] = {}
    generators = 0
    for variable in network.variables:
        path, found = _UNNAMED_GENERATOR.subn(f"seed_generator_{generators}", variable.path, count=1)
        generators += found
        if path in named:
            raise UserError(f"Two variables of the network are called {path!r}: give its layers unique names.")
        named[path] = variable
    return named


def to_array(variable: keras.Variable) -> np.ndarray:
    """A copy of the value: what PyTorch and JAX return may be the memory that the next update writes to."""
    value = keras.ops.convert_to_numpy(variable)
    return value if value.flags.owndata else value.copy()


def network_arrays(network: keras.Model) -> dict[str, np.ndarray]:
    """Path → value of every variable; see `named_variables`."""
    return {path: to_array(variable) for path, variable in named_variables(network).items()}


def load_network_arrays(network: keras.Model, arrays: dict[str, np.ndarray]) -> LoadReport:
    """Fills the variables whose path and shape fit, and says what was left out. No weight is mapped by position."""
    report = LoadReport()
    left = dict(arrays)
    for path, variable in named_variables(network).items():
        value = left.pop(path, None)
        if value is None:
            report.missing.append(path)
        elif tuple(value.shape) != tuple(variable.shape):
            report.reshaped.append(f"{path}: {tuple(value.shape)} → {tuple(variable.shape)}")
        else:
            variable.assign(value)
            report.loaded.append(path)
    report.unexpected.extend(left)
    return report
