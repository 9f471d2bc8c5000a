"""Makes `configs/schema.json` and `docs/CONFIG.md` from the sections: `python -m utils.config.schema [--check]`."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from utils.config.reference import reference
from utils.config.root import Config, ExpConfig
from utils.registry import LOGGER_CONFIG, SECTIONS, load_object, resolve_config

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = "configs/schema.json"
REFERENCE_FILE = "docs/CONFIG.md"

DOTTED_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


class _WithFactories(GenerateJsonSchema):
    """Tells defaults that a factory makes as well; pydantic leaves those out."""

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        factory: Any = schema.get("default_factory")
        return (
            factory() if factory and not schema.get("default_factory_takes_data") else super().get_default_value(schema)
        )


def generated_files() -> dict[str, str]:
    """Path below the repository's root → text that belongs there."""
    schema = config_schema()
    return {SCHEMA_FILE: json.dumps(schema, indent=2, ensure_ascii=False) + "\n", REFERENCE_FILE: reference(schema)}


def config_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a config file.

    It is looser than `process_config` in one respect: a file that extends another may leave anything out, so nothing
    below the top is required in it.
    """
    definitions: dict[str, Any] = {}
    properties = {
        "$schema": {"type": "string", "description": "Where an editor finds this schema; ignored."},
        "extends": {"type": "string", "description": "Another config, relative to this file, that this one changes."},
        "exp": _collect("exp", ExpConfig, definitions),
        **{key: _named_section(key, definitions) for key in SECTIONS},
        "logger": _collect("logger", load_object(LOGGER_CONFIG), definitions),
        "comet_api_key": {"type": ["string", "null"], "default": None},
    }
    for key, field in Config.model_fields.items():
        properties[key]["description"] = field.description
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Maskeras config",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": ["exp", *SECTIONS]},
        "$defs": dict(sorted(definitions.items())),
    }


def _named_section(key: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """One alternative for each registered name, one for a dotted path, one for the changes to an extended config."""
    references = [_section_reference(key, name, definitions) for name in sorted(SECTIONS[key])]
    registered = [{**reference, "required": ["name"]} for reference in references]
    own = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": DOTTED_PATH}}}
    changes = {"not": {"required": ["name"]}, "anyOf": references}
    return {"oneOf": [*registered, own, changes]}


def _section_reference(key: str, name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    section = resolve_config(SECTIONS[key], name)
    reference = _collect(f"{key}.{name}", section, definitions)
    description = section.model_fields["name"].description
    named = {"const": name, "description": description, "x-needed": True}
    definitions[f"{key}.{name}"]["properties"]["name"] = named
    return reference


def _collect(title: str, section: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """Adds the section's schema and those inside it to `definitions`; two classes of one name do not meet there."""
    schema = section.model_json_schema(
        schema_generator=_WithFactories, ref_template=f"#/$defs/{title}.{{model}}", mode="validation"
    )
    for name, inner in schema.pop("$defs", {}).items():
        definitions[f"{title}.{name}"] = _without_required(inner)
    definitions[title] = _without_required(schema)
    return {"$ref": f"#/$defs/{title}"}


def _without_required(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Only marks what has no default: `required` would be wrong in a file that extends another."""
    needed = schema.get("required", [])
    kept = {key: value for key, value in schema.items() if key not in {"required", "title"}}
    kept["properties"] = {
        name: {key: value for key, value in field.items() if key != "title"}
        | ({"x-needed": True} if name in needed else {})
        for name, field in schema.get("properties", {}).items()
    }
    return kept


def main(argv: list[str] | None = None) -> int:
    """Writes both files, or with `--check` exits with 1 where one is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    check = parser.parse_args(argv).check
    stale = [name for name, text in generated_files().items() if not _holds(ROOT / name, text)]
    if check:
        for name in stale:
            print(f"{name} is stale; run python -m utils.config.schema", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(generated_files()[name], encoding="utf-8")
        print(f"wrote {name}")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
