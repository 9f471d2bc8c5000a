"""Builds one config out of several: `extends` between files, and overrides from the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.config.errors import ConfigError
from utils.config.read import parse_json_value, read_config_file
from utils.redact import mask_text
from utils.registry import SECTIONS

Plain = dict[str, Any]
"""A config or a part of it as it comes out of JSON."""


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
    seen: list[Path] = []
    current: Path | None = path
    asked_by = ""
    while current is not None:
        if current.resolve() in seen:
            chain = " → ".join(step.name for step in [*seen, current.resolve()])
            raise ConfigError(f'{path}: "extends" goes in a circle: {chain}; take one of them out')
        seen.append(current.resolve())
        values = read_config_file(current, asked_by)
        values.pop("$schema", None)
        parent = values.pop("extends", None)
        if parent is not None and not (isinstance(parent, str) and parent):
            raise ConfigError(f'{current}: "extends" is one file name, relative to this file')
        layers.insert(0, Layer(str(current), values))
        asked_by = f" (extended by {current})"
        current = current.parent / parent if parent is not None else None
    return layers


def merge(base: Plain, child: Plain) -> Plain:
    """`base` with what `child` says: objects are merged, everything else is replaced.

    A child that names another model, data set, trainer or evaluator starts that section anew, for the keys of one are
    not those of another.
    """
    restarted = {key: None for key in SECTIONS if _names_another(base.get(key), child.get(key))}
    return _deep_merge({**base, **restarted}, child)


def _names_another(base: Any, child: Any) -> bool:
    if not (isinstance(base, dict) and isinstance(child, dict)):
        return False
    return "name" in child and child["name"] != base.get("name")


def _deep_merge(base: Plain, child: Plain) -> Plain:
    merged = dict(base)
    for key, value in child.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _deep_merge(before, value)
        else:
            merged[key] = value
    return merged


def parse_overrides(overrides: Sequence[str]) -> list[tuple[list[str], Any]]:
    """Key path and value of each `a.b.c=value`; those that name a section's class come first.

    Raises:
        ConfigError: an override is not of that form.
    """
    parsed = [_parse_override(text) for text in overrides]
    return sorted(parsed, key=lambda item: not (len(item[0]) == 2 and item[0][0] in SECTIONS and item[0][1] == "name"))


def _parse_override(text: str) -> tuple[list[str], Any]:
    key, equals, value = text.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path):
        raise ConfigError(f'--set: received "{mask_text(text)}"; write key.path=value, as in trainer.epochs=3')
    try:
        return path, parse_json_value(value)
    except (ValueError, RecursionError):
        return path, value


def apply_override(values: Plain, path: Sequence[str], value: Any) -> Plain:
    """`values` with the one key at `path` set to `value`, whatever was there. List items are reached by their index.

    Raises:
        ConfigError: the path leads through a value that has no keys, or beyond the end of a list.
    """
    if len(path) == 2 and path[1] == "name" and path[0] in SECTIONS:
        return merge(values, {path[0]: {"name": value}})
    return _assign(values, list(path), value, done=())


def _assign(node: Any, path: list[str], value: Any, done: tuple[str, ...]) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if node is None or isinstance(node, dict):
        inner = node or {}
        return {**inner, key: _assign(inner.get(key), rest, value, (*done, key))}
    here = ".".join(done)
    if not isinstance(node, list):
        raise ConfigError(f"--set {here}.{'.'.join(path)}: {here} has no keys below it; set {here} itself")
    if not (key.isdecimal() and int(key) < len(node)):
        raise ConfigError(f"--set {here}.{'.'.join(path)}: {here} is a list of {len(node)}; give an index below that")
    changed = _assign(node[int(key)], rest, value, (*done, key))
    return [changed if index == int(key) else item for index, item in enumerate(node)]
