"""From a file and the command line's overrides to the checked `Config`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo

from utils.config.errors import ConfigError
from utils.config.explain import explain
from utils.config.merge import Layer, Plain, apply_override, merge, parse_overrides, read_layers
from utils.config.root import Config
from utils.config.section import Section
from utils.registry import LOGGER_CONFIG, SECTIONS, RegistryError, Table, load_object, resolve_config


def process_config(path: Path | str, overrides: Sequence[str] = ()) -> Config:
    """Reads, merges and checks a config.

    Args:
        path: a JSON or YAML file; it may extend another one by `"extends": "other.json"`, relative to itself.
        overrides: `a.b.c=value` each; the value is parsed as JSON and taken as a string where it is none.

    Returns:
        The frozen config, each section an instance of the class that its `name` stands for.

    Raises:
        ConfigError: with every problem found: key path, what was received, what is allowed, the nearest valid key.
    """
    path = Path(path)
    layers = read_layers(path)
    values: Plain = {}
    for layer in layers:
        values = merge(values, layer.values)
    for keys, value in parse_overrides(overrides):
        values = apply_override(values, keys, value)
        layers.append(Layer("--set", apply_override({}, keys, value)))
    values.setdefault("logger", {})
    return _validate(path, layers, values)


def _validate(path: Path, layers: Sequence[Layer], values: Plain) -> Config:
    classes, problems = _section_classes(values)
    root = typed_root(classes)
    checked = None
    try:
        checked = root.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problems += explain(error, root, values, layers, already=set(SECTIONS) - set(classes))
    if checked is None or problems:
        raise ConfigError.of(path, problems)
    # Back to the plain class: an object of a class made at run time could not be pickled.
    return Config(**{name: getattr(checked, name) for name in Config.model_fields})


def typed_root(classes: dict[str, Any]) -> type[Config]:
    """`Config` with the given classes for `model`, `data`, `trainer` and `evaluator`; any value for one left out."""
    typed: dict[str, Any] = {**dict.fromkeys(SECTIONS, Any), **classes, "logger": load_object(LOGGER_CONFIG)}
    fields: Any = {name: (cls, _described(name)) for name, cls in typed.items()}
    return create_model("Config", __base__=Config, __module__=__name__, **fields)


def _described(name: str) -> Any:
    return FieldInfo(description=Config.model_fields[name].description)


def _section_classes(values: Plain) -> tuple[dict[str, Any], list[str]]:
    classes, problems = {}, []
    for key, table in SECTIONS.items():
        try:
            found = _section_class(key, table, values.get(key))
        except ConfigError as error:
            problems.append(str(error))
        else:
            classes[key] = found
    return classes, problems


def _section_class(key: str, table: Table, section: Any) -> Any:
    allowed = f"allowed: {', '.join(sorted(table))}, or a dotted path package.module:Class"
    if not isinstance(section, dict):
        received = "missing" if section is None else "received something that is no object"
        raise ConfigError(f'{key}: {received}; write {{"name": …}} with a name; {allowed}')
    if not isinstance(section.get("name"), str):
        received = "received something that is no string" if "name" in section else "missing"
        raise ConfigError(f"{key}.name: {received}; {allowed}")
    try:
        found = resolve_config(table, section["name"])
    except RegistryError as error:
        raise ConfigError(f"{key}.name: {error}") from None
    if not (issubclass(found, Section) and "name" in found.model_fields):
        raise ConfigError(f"{key}.name: {found.__name__} must be a subclass of Section with a field `name: str`")
    return found
