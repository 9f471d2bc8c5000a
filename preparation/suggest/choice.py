"""A chosen value with its reason, and the config that many of them make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One value of the config.

    Attributes:
        key: its path, `data.image_size`.
        value: of JSON's types.
        why: a sentence with the numbers behind it; empty where the choice before it gives the reason.
    """

    key: str
    value: Any
    why: str = ""


@dataclass(frozen=True)
class Suggestion:
    """A config and its reasons.

    Attributes:
        config: what `utils.config.process_config` reads from a file, without `$schema`.
        why: the path of a key → a sentence; one sentence may speak of the keys after it too.
    """

    config: dict[str, Any]
    why: dict[str, str]

    def value(self, key: str) -> Any:
        """What the config has at a path."""
        found: Any = self.config
        for name in key.split("."):
            found = found[name]
        return found


def sections(name: str, data: dict[str, Any], model: str, evaluator: str) -> dict[str, Any]:
    """The start of a config: a run of this name, the section `data`, and the names of model and evaluator."""
    return {
        "exp": {"name": name, "seed": 0},
        "data": data,
        "model": {"name": model},
        "trainer": {"name": "supervised"},
        "evaluator": {"name": evaluator},
    }


def assemble(start: dict[str, Any], choices: Iterable[Choice]) -> Suggestion:
    """`start` with all choices in it; a key that is there already is left as it is, and so is its reason out.

    A section that is null stays null.
    """
    config, why = _copy(start), {}
    for choice in choices:
        *parents, last = choice.key.split(".")
        section = _section(config, parents)
        if section is None or last in section:
            continue
        section[last] = choice.value
        if choice.why:
            why[choice.key] = choice.why
    return Suggestion(config, why)


def _section(config: dict[str, Any], parents: Sequence[str]) -> dict[str, Any] | None:
    """The section at these keys, made where it is missing; None where one of them is null."""
    section: dict[str, Any] | None = config
    for name in parents:
        section = None if section is None else section.setdefault(name, {})
    return section


def _copy(value: dict[str, Any]) -> dict[str, Any]:
    """Another dict all the way down."""
    return {key: _copy(item) if isinstance(item, dict) else item for key, item in value.items()}
