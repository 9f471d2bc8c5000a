"""Turns pydantic's errors into lines for a person: key path, what was received and from where, what is allowed."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from utils.config.merge import Layer, Plain
from utils.redact import MASK, is_secret, without_secrets
from utils.registry import nearest

Path = tuple[str | int, ...]
"""Keys and list indexes from the root of a config to a value."""

_LONGEST_VALUE = 80
_TAG_ERRORS = {"union_tag_invalid", "union_tag_not_found"}


def explain(
    error: ValidationError, root: type[BaseModel], values: Plain, layers: Sequence[Layer], already: set[str]
) -> list[str]:
    """One line for each wrong key.

    Args:
        error: what pydantic found in `values`.
        root: the class that `values` were checked against.
        values: the merged config.
        layers: the files and overrides that `values` were merged from.
        already: top-level keys whose problem is told elsewhere.
    """
    found: dict[Path, list[Any]] = {}
    for item in error.errors(include_url=False, include_input=False):
        path = _path_in(values, item["loc"], missing=item["type"] == "missing")
        discriminator = item.get("ctx", {}).get("discriminator", "")
        if item["type"] in _TAG_ERRORS and discriminator.startswith("'"):  # A function is told without quotes.
            path = (*path, discriminator.strip("'"))
        if not (path and path[0] in already):
            found.setdefault(path, []).append(item)
    return [_line(path, items, root, values, layers) for path, items in found.items()]


def _path_in(values: Any, loc: Path, missing: bool) -> Path:
    """`loc` without the names of union members, which pydantic puts between the keys."""
    path: list[str | int] = []
    node = values
    for place, part in enumerate(loc):
        if _has(node, part):
            node = node[part]
            path.append(part)
        elif missing and place == len(loc) - 1:
            path.append(part)
    return tuple(path)


def _has(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _line(path: Path, items: Sequence[Any], root: type[BaseModel], values: Plain, layers: Sequence[Layer]) -> str:
    kinds = {item["type"] for item in items}
    name = ".".join(map(str, path)) or "the config"
    if kinds == {"extra_forbidden"}:
        return f"{name}: unknown key{_source(path, layers)}; {_right_keys(path, root, values)}"
    if kinds <= {"missing", "union_tag_not_found"}:
        return f"{name}: missing; {_description(path, root, values)}"
    items = [item for item in items if item["type"] not in {"missing", "extra_forbidden"}] or items
    value = _value_at(values, path)
    if any(isinstance(part, str) and is_secret(part) for part in path):
        return f"{name}: received {MASK} ({_kind(value)}){_source(path, layers)}; allowed: a string or null"
    alternatives = list(dict.fromkeys(_allowed(item) for item in items))
    allowed = " or ".join([*alternatives[:1], *(text.removeprefix("allowed: ") for text in alternatives[1:])])
    return f"{name}: received {_shown(value)}{_source(path, layers)}; {allowed}{_hint(path, value, items, layers)}"


def _allowed(item: Any) -> str:
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] == "union_tag_invalid":
        return f"allowed: {item['ctx']['expected_tags']}"
    if item["type"] == "extra_forbidden":
        return "allowed: no such key"
    allowed = re.sub(r"^\w+ should (?:be |have )?", "allowed: ", item["msg"])
    return allowed.replace("a valid array", "a list").replace("allowed: match", "allowed: text that matches the")


def _hint(path: Path, value: Any, items: Sequence[Any], layers: Sequence[Layer]) -> str:
    """What the value was probably meant to be."""
    expected = " ".join(
        str(item.get("ctx", {}).get(key, "")) for item in items for key in ("expected", "expected_tags")
    )
    if not isinstance(value, str):
        wants_text = any(item["type"] == "string_type" for item in items)
        if not wants_text or not isinstance(value, int | float):
            return ""
        if _source(path, layers).endswith("--set)"):  # a shell takes plain quotes away
            return f"; write '{'.'.join(map(str, path))}=\"{json.dumps(value)}\"'"
        return f'; write "{json.dumps(value)}" in quotes'
    near = nearest(value, re.findall(r"'([^']*)'", expected))
    if near:
        return f'; did you mean "{near}"?'
    meant = {"True": "true", "False": "false", "None": "null"}.get(value)
    if meant is None and re.fullmatch(r"[-+]?[0-9.]+(e[-+]?[0-9]+)?", value, re.IGNORECASE):
        meant = f"{value} without quotes"
    return f"; write {meant}" if meant else ""


def _shown(value: Any) -> str:
    text = json.dumps(without_secrets(value), ensure_ascii=False)
    short = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
    return f"{short} ({_kind(value)})"


def _kind(value: Any) -> str:
    kinds = {
        bool: "a boolean",
        int: "an integer",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return kinds.get(type(value), "null")


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


def _right_keys(path: Path, root: type[BaseModel], values: Plain) -> str:
    """The key that was probably meant: one of those beside it, or the same one elsewhere in the config."""
    *parents, key = path
    above = ".".join(map(str, parents))
    choices = sorted({name for section in _sections_at(tuple(parents), root, values) for name in section.model_fields})
    near = nearest(str(key), choices)
    if near:
        return f"did you mean {f'{above}.{near}' if above else near}?"
    elsewhere = [name for name in _all_keys(root) if name.split(".")[-1] == key]
    hint = f"did you mean {elsewhere[0]}? " if elsewhere else ""
    return f"{hint}valid {f'below {above}' if above else 'at the top'}: {', '.join(choices)}"


def _description(path: Path, root: type[BaseModel], values: Plain) -> str:
    for section in _sections_at(path[:-1], root, values):
        field = section.model_fields.get(str(path[-1]))
        if field is not None and field.description:
            return f"it has no default: {field.description}"
    return "it has no default"


def _sections_at(path: Path, root: type[BaseModel], values: Any) -> list[type[BaseModel]]:
    """The classes that the object at `path` may be of; where their `name` tells them apart, the one that is meant."""
    sections, node = [root], values
    for part in path:
        node = node[part]
        if isinstance(part, str):
            below = [one for section in sections for one in _field_sections(section, part)]
            sections = below or sections
        named = [section for section in sections if isinstance(node, dict) and _takes_name(section, node.get("name"))]
        sections = named or sections
    return sections


def _field_sections(section: type[BaseModel], key: str) -> list[type[BaseModel]]:
    field = section.model_fields.get(key)
    return list(_sections_in(field.annotation)) if field else []


def _sections_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _sections_in(part)


def _takes_name(section: type[BaseModel], name: Any) -> bool:
    field = section.model_fields.get("name")
    return field is not None and get_origin(field.annotation) is Literal and name in get_args(field.annotation)


def _all_keys(section: type[BaseModel], above: str = "", outer: tuple[type, ...] = ()) -> Iterator[str]:
    for key in section.model_fields:
        yield f"{above}{key}"
        for below in _field_sections(section, key):
            if below not in outer:
                yield from _all_keys(below, f"{above}{key}.", (*outer, below))
