"""From a file and the command line's overrides to the checked `Config`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError, create_model
from pydantic.fields import FieldInfo

from utils.config.errors import ConfigError
from utils.config.explain import explain, shown
from utils.config.inner_defaults import with_inner_defaults
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
        The frozen config, each section an instance of the class that its `name` selects.

    Raises:
        ConfigError: with every problem found: key path, what was received, what is allowed, the nearest valid key.
    """
    path = Path(path)
    return _checked(path, read_layers(path), overrides)


def check_config(values: Plain, source: Path | str, overrides: Sequence[str] = ()) -> Config:
    """As `process_config`, of values that are in no file: `source` names them in messages.

    Raises:
        ConfigError: as `process_config`.
    """
    return _checked(Path(source), [Layer(str(source), values)], overrides)


def _checked(path: Path, layers: list[Layer], overrides: Sequence[str]) -> Config:
    values: Plain = {}
    for layer in layers:
        values = merge(values, layer.values)
    for keys, value in parse_overrides(overrides):
        values = apply_override(values, keys, value)
        layers.append(Layer("--set", apply_override({}, keys, value)))
    values.setdefault("logger", {})
    return _validate(path, layers, values)


def _validate(path: Path, layers: Sequence[Layer], values: Plain) -> Config:
    classes: dict[str, Any] = {"logger": load_object(LOGGER_CONFIG)}
    problems: list[str] = []
    for key, table in SECTIONS.items():
        try:
            classes[key] = _section_class(key, table, values.get(key))
        except RegistryError as error:
            problems.append(str(error))
            values.setdefault(key, None)  # It is reported as missing once.
    root = _typed_root(classes)
    values |= {
        key: with_inner_defaults(values[key], section)
        for key, section in classes.items()
        if isinstance(values[key], dict)
    }
    checked = None
    try:
        checked = root.model_validate_json(json.dumps(values))
    except ValidationError as error:
        problems += explain(error, root, values, layers)
    if checked is None or problems:
        raise ConfigError.of(path, problems)
    # Back to the plain class: an object of a class made at run time could not be pickled.
    return Config(**{name: getattr(checked, name) for name in Config.model_fields})


def _typed_root(classes: dict[str, Any]) -> type[Config]:
    """`Config` with the given classes for its sections; any value for one left out."""
    fields: Any = {
        key: (section, FieldInfo(description=Config.model_fields[key].description)) for key, section in classes.items()
    }
    return create_model("Config", __base__=Config, __module__=__name__, **fields)


def _section_class(key: str, table: Table, section: Any) -> Any:
    allowed = f"allowed: {', '.join(sorted(table))}, or a dotted path package.module:Class"
    if not isinstance(section, dict):
        received = "missing" if section is None else f"received {shown(section)}"
        raise RegistryError(f'{key}: {received}; write {{"name": …}} with a name; {allowed}')
    name = section.get("name")
    if not isinstance(name, str):
        raise RegistryError(f"{key}.name: {'missing' if name is None else f'received {shown(name)}'}; {allowed}")
    try:
        found = resolve_config(table, name)
    except RegistryError as error:
        raise RegistryError(f"{key}.name: {error}") from None
    if not (issubclass(found, Section) and "name" in found.model_fields):
        raise RegistryError(f"{key}.name: {found.__name__} must be a subclass of Section with a field `name: str`")
    return found
