"""Makes `configs/schema.json` and `docs/CONFIG.md` from the sections: `python -m utils.config.schema [--check]`."""

import argparse
import json
import sys
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from utils.config.reference import reference
from utils.config.root import Config, ExpConfig
from utils.registry import LOGGER_CONFIG, SECTIONS, load_object, resolve_config

ROOT = Path(__file__).resolve().parents[2]
SCHEMA_FILE = "configs/schema.json"
REFERENCE_FILE = "docs/CONFIG.md"

DOTTED_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


class _Generator(GenerateJsonSchema):
    """Nothing is required, for a file that extends another may leave anything out; every default is in it."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        return False

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def get_default_value(self, schema: core_schema.WithDefaultSchema) -> Any:
        factory: Any = schema.get("default_factory")
        return factory() if factory else super().get_default_value(schema)


def generated_files() -> dict[str, str]:
    """Path below the repository's root → text that belongs there."""
    schema = config_schema()
    return {SCHEMA_FILE: json.dumps(schema, indent=2, ensure_ascii=False) + "\n", REFERENCE_FILE: reference(schema)}


def config_schema() -> dict[str, Any]:
    """The JSON schema (draft 2020-12) of a config file.

    It is looser than `process_config` in one respect: a file that extends another may leave anything out, so nothing
    below the top is required in it.
    """
    named = {key: [_named(key, name) for name in sorted(table)] for key, table in SECTIONS.items()}
    single = {"exp": ExpConfig, "logger": load_object(LOGGER_CONFIG)}
    models = [*single.values(), *chain(*named.values())]
    found, schema = models_json_schema([(model, "validation") for model in models], schema_generator=_Generator)
    references = {model: found[model, "validation"] for model in models}
    properties: dict[str, Any] = {"comet_api_key": {"type": ["string", "null"], "default": None}}
    properties |= {key: references[model] for key, model in single.items()}
    properties |= {key: _any_of([references[model] for model in models]) for key, models in named.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Maskeras config",
        "type": "object",
        "properties": {
            "$schema": {"type": "string", "description": "Where an editor finds this schema; ignored."},
            "extends": {"type": "string", "description": "Config, relative to this file, that this one changes."},
            **{
                key: {**properties[key], "description": field.description} for key, field in Config.model_fields.items()
            },
        },
        "additionalProperties": False,
        "if": {"not": {"required": ["extends"]}},
        "then": {"required": ["exp", *SECTIONS]},
        **schema,
    }


def _named(key: str, name: str) -> type[BaseModel]:
    """The section of a registered name, which takes no other name."""
    section = resolve_config(SECTIONS[key], name)
    fields: Any = {"name": (Literal[name], FieldInfo(description=section.model_fields["name"].description))}
    return create_model(f"{key}-{name}", __base__=section, __doc__=section.__doc__, __module__=__name__, **fields)


def _any_of(references: list[dict[str, Any]]) -> dict[str, Any]:
    """One alternative for each registered name, one for a dotted path, one for the changes to an extended config."""
    registered = [{**reference, "required": ["name"]} for reference in references]
    own = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string", "pattern": DOTTED_PATH}}}
    changes = {"not": {"required": ["name"]}, "anyOf": references}
    return {"oneOf": [*registered, own, changes]}


def main(argv: list[str] | None = None) -> int:
    """Writes both files, or with `--check` exits with 1 where one is not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    check = parser.parse_args(argv).check
    stale = {name: text for name, text in generated_files().items() if not _is_current(ROOT / name, text)}
    for name, text in stale.items():
        if check:
            print(f"{name} is stale; run python -m utils.config.schema", file=sys.stderr)
        else:
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return int(check and bool(stale))


def _is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
