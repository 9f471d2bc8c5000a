"""The config reference, written from the JSON schema: one table for each section, one row for each key."""

import json
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_OPENING = """# Config reference

Made by `python -m utils.config.schema` from the classes of the sections; a test verifies that it is current.

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

_LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "(≥ {} items)",
    "maxItems": "(≤ {} items)",
    "pattern": "like `{}`",
}


def reference(schema: Schema) -> str:
    """The text of `docs/CONFIG.md`.

    Args:
        schema: what `utils.config.schema.config_schema` returns.
    """
    properties, definitions = schema["properties"], schema["$defs"]
    parts = [_OPENING.format(comet=properties["comet_api_key"]["description"])]
    tables = {(key, name): section for key in properties for name, section in _named(properties[key], definitions)}
    for (key, name), section in tables.items():
        parts += [f'## {key}: "{name}"' if name else f"## {key}", "", section.get("description", ""), ""]
        parts += ["| key | type | default | what it is |", "|---|---|---|---|"]
        parts += [*_rows(f"{key}.", section, definitions, {}), ""]
    return "\n".join(parts)


def _named(field: Schema, definitions: Schema) -> Iterator[tuple[str, Schema]]:
    for _, section in _sections(field, definitions):
        yield section["properties"].get("name", {}).get("const", ""), section


def _rows(above: str, section: Schema, definitions: Schema, given: Schema) -> Iterator[str]:
    """The rows of a section and of the sections in it; `given` holds defaults that the section around it sets."""
    for name, field in section["properties"].items():
        inner = list(_sections(field, definitions))
        has_default = name in given or "default" in field
        default = given.get(name, field.get("default"))
        shown = "see below" if inner and default else f"`{_json(default)}`" if has_default else "needed"
        # pydantic leaves out a description that the section below has as its own.
        text = field.get("description") or next((below.get("description", "") for _, below in inner), "")
        cells = (f"`{above}{name}`", _kind(field, definitions), shown, text)
        yield "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
        for suffix, below in inner:
            yield from _rows(f"{above}{name}{suffix}.", below, definitions, default if not suffix and default else {})


def _sections(field: Schema, definitions: Schema, suffix: str = "") -> Iterator[tuple[str, Schema]]:
    """The sections that a key may hold, and what follows the key to reach one."""
    if "$ref" in field:
        yield suffix, _target(field, definitions)
    for member in field.get("anyOf") or field.get("oneOf") or []:
        yield from _sections(member, definitions, suffix)
    if "items" in field:
        yield from _sections(field["items"], definitions, "[]")


def _target(field: Schema, definitions: Schema) -> Schema:
    return definitions[field["$ref"].removeprefix("#/$defs/")]


def _kind(field: Schema, definitions: Schema) -> str:
    """Type and range of a key."""
    members = field.get("anyOf") or field.get("oneOf")
    if members:
        return " or ".join(dict.fromkeys(_kind(member, definitions) for member in members))
    if "const" in field or "enum" in field:
        return " or ".join(f"`{_json(value)}`" for value in field.get("enum", [field.get("const")]))
    if "prefixItems" in field:
        return "[" + ", ".join(_kind(item, definitions) for item in field["prefixItems"]) + "]"
    kind = "object" if "$ref" in field else "path" if field.get("format") == "path" else str(field.get("type", "any"))
    limits = ", ".join(words.format(field[name]) for name, words in _LIMITS.items() if name in field)
    if kind == "array":
        return " ".join(f"list {limits} of {_kind(field.get('items', {}), definitions)}".split())
    return f"{kind} {limits}".strip()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
