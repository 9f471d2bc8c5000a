"""The error of a config that cannot be used."""

from collections.abc import Sequence
from pathlib import Path

from utils.errors import UserError


class ConfigError(UserError):
    """What is wrong in which config, one problem a line. It never holds the value of a secret."""

    @classmethod
    def of(cls, path: Path, problems: Sequence[str]) -> "ConfigError":
        """One error that lists all `problems` of the config `path`."""
        if len(problems) == 1:
            return cls(f"{path}: {problems[0]}")
        lines = "\n".join(f"  {problem}" for problem in problems)
        return cls(f"{path}: {len(problems)} problems\n{lines}")
