"""Turns pydantic's errors into lines for a person: key path, what was received and from where, what is allowed."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from utils.config.merge import Layer, Plain
from utils.config.read import parse_value
from utils.config.renamed import RENAMED
from utils.redact import MASK, is_secret, without_secrets
from utils.registry import nearest

Path = tuple[str | int, ...]
"""Keys and list indexes from the root of a config to a value."""

_LONGEST_VALUE = 80
_KINDS = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", list: "a list", dict: "an object"}


def explain(error: ValidationError, root: type[BaseModel], values: Plain, layers: Sequence[Layer]) -> list[str]:
    """One line for each wrong key.

    Args:
        error: what pydantic found in `values`.
        root: the class that `values` were checked against.
        values: the merged config.
        layers: the files and overrides that `values` were merged from.
    """
    found: dict[Path, list[Any]] = {}
    for item in error.errors(include_url=False, include_input=False):
        found.setdefault(_path_in(values, item), []).append(item)
    keys = dict(_keys(root))
    return [_line(path, items, keys, values, layers) for path, items in found.items()]


def shown(value: Any) -> str:
    """A received value for a message: as JSON, shortened, without secrets, and its type."""
    text = json.dumps(without_secrets(value), ensure_ascii=False)
    short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
    return f"{short} ({_kind(value)})" if value is not None else short


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")


def _path_in(values: Any, item: Any) -> Path:
    """The error's place without the names of union members, which pydantic puts between the keys."""
    path: list[str | int] = []
    for part in item["loc"]:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return (*path, item["loc"][-1]) if item["type"] == "missing" else tuple(path)


def _line(path: Path, items: Sequence[Any], keys: dict[str, str], values: Plain, layers: Sequence[Layer]) -> str:
    name = ".".join(map(str, path)) or "the config"
    key = ".".join(part for part in path if isinstance(part, str))
    types = {item["type"] for item in items}
    if types == {"missing"}:
        return f"{name}: missing; it has no default: {keys.get(key) or 'write a value'}"
    source = _source(path, layers)
    if types == {"extra_forbidden"}:
        return f"{name}: unknown key{source}; {_right_key(key, keys)}"
    value = _value_at(values, path)
    if any(is_secret(str(part)) for part in path):
        return f"{name}: received {MASK} ({_kind(value)}){source}; allowed: a string or null"
    allowed = " or ".join(dict.fromkeys(_allowed(item) for item in items))
    if types != {"value_error"}:  # the text of a section's own check needs no prefix
        allowed = f"allowed: {allowed}{_hint(name, value, items, source)}"
    return f"{name}: received {shown(value)}{source}; {allowed}"


def _allowed(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    return re.sub(r"^\w+ should (?:be |have )?", "", item["msg"]).replace("match pattern", "text like")


def _hint(name: str, value: Any, items: Sequence[Any], source: str) -> str:
    """What the value was probably meant to be."""
    wants_text = any(item["type"].startswith("string") for item in items)
    if isinstance(value, str):
        near = nearest(value, re.findall(r"'([^']*)'", " ".join(item["msg"] for item in items)))
        if near:
            return f'; did you mean "{near}"?'
        meant = parse_value(value.lower().replace("none", "null"))
        return "" if wants_text or isinstance(meant, str) else f"; write {json.dumps(meant)} without quotes"
    if not (wants_text and isinstance(value, int | float)):
        return ""
    quoted = f'"{json.dumps(value)}"'
    # A shell takes plain quotes away.
    return f"; write '{name}={quoted}'" if source.endswith("--set)") else f"; write {quoted} in quotes"


def _value_at(values: Any, path: Path) -> Any:
    for part in path:
        values = values[part]
    return values


def _source(path: Path, layers: Sequence[Layer]) -> str:
    """Which override or which of several files set the value."""
    for layer in reversed(layers):
        try:
            _value_at(layer.values, path)
        except (KeyError, IndexError, TypeError):
            continue
        return f" (in {layer.source})" if len(layers) > 1 else ""
    return ""


def _right_key(wrong: str, keys: dict[str, str]) -> str:
    """The key that was probably meant: its new name, one of those beside it, or the same one elsewhere."""
    if wrong in RENAMED:
        return f"it is called {RENAMED[wrong]} now"
    above, _, last = wrong.rpartition(".")
    beside = {name.rpartition(".")[2]: name for name in keys if name.rpartition(".")[0] == above}
    near = nearest(last, beside)
    if near:
        return f"did you mean {beside[near]}?"
    elsewhere = [name for name in keys if name.rpartition(".")[2] == last]
    hint = f"did you mean {elsewhere[0]}? " if elsewhere else ""
    return f"{hint}valid {f'below {above}' if above else 'at the top'}: {', '.join(sorted(beside))}"


def _keys(section: type[BaseModel], above: str = "") -> Iterator[tuple[str, str]]:
    """Every key below a section, as its dotted path without list indexes, and its description."""
    for name, field in section.model_fields.items():
        yield f"{above}{name}", field.description or ""
        for below in _sections_in(field.annotation):
            yield from _keys(below, f"{above}{name}.")


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)
