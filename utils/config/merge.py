"""Builds one config out of several: `extends` between files, and overrides from the command line."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.config.errors import ConfigError
from utils.config.read import parse_value, read_config_file, refuse_no_characters
from utils.redact import mask_text
from utils.registry import SECTIONS

Plain = dict[str, Any]
"""A config or a section of it as it comes out of JSON."""


@dataclass(frozen=True)
class Layer:
    """What one file or one override says.

    Attributes:
        source: the file's path, or `--set`.
        values: nested dicts of what it sets.
    """

    source: str
    values: Plain


def read_layers(path: Path) -> list[Layer]:
    """The file and all that it extends, the most basic one first.

    Raises:
        ConfigError: a file is missing or broken, or the files extend each other in a circle.
    """
    layers: list[Layer] = []
    seen: list[str] = []
    extended_by = ""
    while True:
        seen.append(os.path.realpath(path))
        if seen[-1] in seen[:-1]:
            chain = " → ".join(map(os.path.basename, seen))
            raise ConfigError(f'{layers[0].source}: "extends" goes in a circle: {chain}; take one of them out')
        values = read_config_file(path, extended_by)
        values.pop("$schema", None)
        parent = values.pop("extends", None)
        layers.insert(0, Layer(str(path), values))
        if parent is None:
            return layers
        if not (isinstance(parent, str) and parent):
            raise ConfigError(f'{path}: "extends" is one file name, relative to this file')
        extended_by = f" (extended by {path})"
        path = path.parent / parent


def merge(base: Plain, child: Plain) -> Plain:
    """`base` with what `child` says: objects are merged, everything else is replaced.

    A child that names another model, data set, trainer or evaluator starts that section from its defaults, for the keys
    of one are not those of another.
    """
    restarted = {key: None for key in SECTIONS if _names_another(base.get(key), child.get(key))}
    return _deep_merge({**base, **restarted}, child)


def _names_another(base: Any, child: Any) -> bool:
    return (
        isinstance(base, dict) and isinstance(child, dict) and child.get("name", base.get("name")) != base.get("name")
    )


def _deep_merge(base: Any, child: Any) -> Any:
    if not (isinstance(base, dict) and isinstance(child, dict)):
        return child
    return base | {key: _deep_merge(base.get(key), value) for key, value in child.items()}


def parse_overrides(overrides: Sequence[str]) -> list[tuple[list[str], Any]]:
    """Key path and value of each `a.b.c=value`; those that name a section's class come first.

    Raises:
        ConfigError: an override is not of that form.
    """
    return sorted(map(_parse_override, overrides), key=lambda override: not _names_section(override[0]))


def _names_section(path: Sequence[str]) -> bool:
    return len(path) == 2 and path[0] in SECTIONS and path[1] == "name"


def _parse_override(text: str) -> tuple[list[str], Any]:
    key, equals, value = text.partition("=")
    path = key.strip().split(".")
    try:
        refuse_no_characters(text)
    except ValueError as error:
        raise ConfigError(f"--set: {error}") from None
    if not equals or not all(path):
        raise ConfigError(f'--set: received "{mask_text(text)}"; write key.path=value, as in trainer.epochs=3')
    return path, parse_value(value)


def apply_override(values: Plain, path: Sequence[str], value: Any) -> Plain:
    """`values` with the one key at `path` set to `value`, whatever was there. List items are reached by their index.

    Raises:
        ConfigError: the path leads through a value that has no keys, or beyond the end of a list.
    """
    if _names_section(path):
        return merge(values, {path[0]: {"name": value}})
    return _assign(values, path, value)


def _assign(node: Any, path: Sequence[str], value: Any, above: str = "") -> Any:
    if not path:
        return value
    key, *rest = path
    here = f"{above}.{key}".removeprefix(".")
    if node is None or isinstance(node, dict):
        inner = node or {}
        return inner | {key: _assign(inner.get(key), rest, value, here)}
    if not isinstance(node, list):
        raise ConfigError(f"--set {'.'.join([here, *rest])}: {above} has no keys below it; set {above} itself")
    if not (key.isdecimal() and int(key) < len(node)):
        raise ConfigError(
            f"--set {'.'.join([here, *rest])}: {above} is a list of {len(node)}; give an index below that"
        )
    return [_assign(item, rest, value, here) if index == int(key) else item for index, item in enumerate(node)]
