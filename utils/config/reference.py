"""The config reference, written from the JSON schema: one table for each section, one row for each key."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]

_OPENING = """# Config reference

Made by `python -m utils.config.schema` from the classes of the sections; a test holds it current.

A config is a JSON or YAML file. `"extends": "other.json"`, relative to the file, builds on another config: objects are
merged, everything else is replaced, and a `model`, `data`, `trainer` or `evaluator` with another `name` starts from its
defaults.
`--set a.b.c=value` replaces any one key (the value is JSON, or else a string). `"$schema": "schema.json"` gives an
editor completion and checks. In place of a registered name, `package.module:Class` names a class of your own, which
names its section by `config_class`.

| key | default | what it is |
|---|---|---|
| `comet_api_key` | null | {comet} |
"""

_RANGES = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "≥ {} items",
    "maxItems": "≤ {} items",
    "pattern": "`{}`",
}


@dataclass(frozen=True)
class _Row:
    key: str
    kind: str
    default: str
    limits: str
    text: str


def reference(schema: Schema) -> str:
    """The text of `docs/CONFIG.md`.

    Args:
        schema: what `utils.config.schema.config_schema` returns.
    """
    properties, definitions = schema["properties"], schema["$defs"]
    parts = [_OPENING.format(comet=properties["comet_api_key"]["description"])]
    for key, section in properties.items():
        for title, definition in _alternatives(key, section, definitions):
            parts.append(_table(key, title, definition, definitions))
    return "\n".join(parts)


def _alternatives(key: str, section: Schema, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    if "$ref" in section:
        yield key, _target(section, definitions)
    for one in section.get("oneOf", []):
        if "$ref" in one:
            definition = _target(one, definitions)
            yield f'{key}: "{definition["properties"]["name"]["const"]}"', definition


def _table(key: str, title: str, definition: Schema, definitions: Schema) -> str:
    lines = [f"## {title}", "", definition.get("description", ""), ""]
    lines += ["| key | type | default | range | what it is |", "|---|---|---|---|---|"]
    for row in _rows(f"{key}.", definition, definitions, {}):
        cells = (f"`{row.key}`", row.kind, row.default, row.limits, row.text)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join([*lines, ""])


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _rows(above: str, definition: Schema, definitions: Schema, given: Schema) -> Iterator[_Row]:
    """The rows of a section and of the sections in it; `given` holds defaults that the section around it sets."""
    for name, field in definition["properties"].items():
        default = given.get(name, field.get("default"))
        key, kind = f"{above}{name}", " or ".join(dict.fromkeys(_kinds(field, definitions)))
        inner = list(_inner(field, definitions))
        needed = field.get("x-needed") and name not in given
        shown = "needed" if needed else ("see below" if inner and default else f"`{_short(default)}`")
        # pydantic leaves out a description that the section below has as its own.
        text = field.get("description") or next((below.get("description", "") for _, _, below in inner), "")
        yield _Row(key, kind, shown, ", ".join(dict.fromkeys(_limits(field))), text)
        for suffix, label, below in inner:
            set_here = default if isinstance(default, dict) and label in ("", default.get("name")) else {}
            for row in _rows(f"{key}{suffix}.", below, definitions, set_here):
                yield _Row(row.key, row.kind, row.default, row.limits, f"({label}) {row.text}" if label else row.text)


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _target(field: Schema, definitions: Schema) -> Schema:
    return definitions[field["$ref"].removeprefix("#/$defs/")]


def _members(field: Schema) -> list[Schema]:
    return field.get("anyOf") or field.get("oneOf") or [field]


def _inner(field: Schema, definitions: Schema) -> Iterator[tuple[str, str, Schema]]:
    """The sections below a key: what follows the key to reach one, its name where there are several, its schema."""
    members = [("", member) for member in _members(field)]
    members += [("[]", inner) for _, member in list(members) for inner in _members(member.get("items") or {})]
    found = [(suffix, _target(member, definitions)) for suffix, member in members if "$ref" in member]
    sections = [(suffix, below) for suffix, below in found if "properties" in below]
    for suffix, below in sections:
        name = below["properties"].get("name", {})
        yield suffix, str(name.get("const", "")) if len(sections) > 1 else "", below


def _kinds(field: Schema, definitions: Schema) -> Iterator[str]:
    for member in _members(field):
        if member is not field:
            yield from _kinds(member, definitions)
        elif "$ref" in member:
            target = _target(member, definitions)
            yield from ["object"] if "properties" in target else _kinds(target, definitions)
        elif "const" in member or "enum" in member:
            yield from (f"`{_short(value)}`" for value in member.get("enum", [member.get("const")]))
        elif member.get("type") == "array":
            yield _list_kind(member, definitions)
        else:
            yield "path" if member.get("format") == "path" else str(member.get("type", "any"))


def _list_kind(field: Schema, definitions: Schema) -> str:
    if "prefixItems" in field:
        return "[" + ", ".join(" or ".join(_kinds(item, definitions)) for item in field["prefixItems"]) + "]"
    items = field.get("items")
    return "list of " + " or ".join(_kinds(items, definitions)) if items else "list"


def _limits(field: Schema) -> Iterator[str]:
    for member in _members(field):
        if member is not field:
            yield from _limits(member)
    for name, words in _RANGES.items():
        if name in field and not ("prefixItems" in field and name.endswith("Items")):
            yield words.format(field[name])
    inner = field.get("items")
    for item in [*field.get("prefixItems", []), *([inner] if isinstance(inner, dict) else [])]:
        yield from (f"each {limit.removeprefix('each ')}" for limit in _limits(item))
