"""Named arrays of a network, and what happened when some were loaded."""

from dataclasses import dataclass, field

import keras
import numpy as np

from utils.errors import UserError


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
                lines.append(f"{len(names)} {title}: " + "; ".join(names[:8]) + ("; …" if len(names) > 8 else ""))
        return "\n  ".join(lines)


def network_arrays(network: keras.Model) -> dict[str, np.ndarray]:
    """Path → value of every variable, random states of dropout and sampling included.

    Raises:
        UserError: two variables have the same path, so a file could not tell them apart.
    """
    arrays: dict[str, np.ndarray] = {}
    for variable in network.variables:
        if variable.path in arrays:
            raise UserError(f"Two variables of the network are called {variable.path!r}: give its layers unique names.")
        arrays[variable.path] = keras.ops.convert_to_numpy(variable)
    return arrays


def load_network_arrays(network: keras.Model, arrays: dict[str, np.ndarray]) -> LoadReport:
    """Fills the variables whose path and shape fit, and says what was left out. Nothing is mapped by position."""
    report = LoadReport()
    left = dict(arrays)
    for variable in network.variables:
        value = left.pop(variable.path, None)
        if value is None:
            report.missing.append(variable.path)
        elif tuple(value.shape) != tuple(variable.shape):
            report.reshaped.append(f"{variable.path}: {tuple(value.shape)} → {tuple(variable.shape)}")
        else:
            variable.assign(value)
            report.loaded.append(variable.path)
    report.unexpected.extend(left)
    return report
