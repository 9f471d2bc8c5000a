"""Writes a suggested config as configs are written by hand: short objects on one line."""

import json
import os
from pathlib import Path
from typing import Any

from utils.errors import UserError
from utils.files import check_new, write_whole

_SCHEMA = Path(__file__).resolve().parents[2] / "configs" / "schema.json"
_WIDTH = 120


def check_writable(path: Path, overwrite: bool = False) -> None:
    """To be asked before anything that takes long.

    Raises:
        UserError: the name does not end in .json, there is a file already and `overwrite` is not given, or none can be
            written there.
    """
    if path.suffix.lower() != ".json":
        raise UserError(f'{path}: a config is written as JSON: give a name that ends in ".json".')
    check_new(path, overwrite)


def write_suggestion(config: dict[str, Any], path: Path, overwrite: bool = False) -> None:
    """Writes the config with `$schema`, which lets an editor complete and check it.

    Raises:
        UserError: as `check_writable`.
    """
    check_writable(path, overwrite)
    write_whole(path, to_text({"$schema": _schema_from(path), **config}) + "\n")


def to_text(value: Any, indent: int = 0, before: int = 0) -> str:
    """JSON in which whatever fits on a line of 120 characters is on one, but for the outermost sections.

    Args:
        value: of JSON's types.
        indent: of the line that it begins on.
        before: characters in front of it on that line, and one for the comma behind.
    """
    line = json.dumps(value, ensure_ascii=False)
    nested = isinstance(value, dict) and any(isinstance(item, dict) for item in value.values())
    if not isinstance(value, dict) or not value or (not nested and indent + before + len(line) < _WIDTH):
        return line
    space = " " * (indent + 2)
    items = (f"{json.dumps(key)}: " for key in value)
    lines = [
        f"{space}{key}{to_text(item, indent + 2, len(key) + 1)}"
        for key, item in zip(items, value.values(), strict=True)
    ]
    return "{\n" + ",\n".join(lines) + "\n" + " " * indent + "}"


def _schema_from(path: Path) -> str:
    """The path of the schema as seen from the config's folder; absolute where no relative one leads there."""
    folder = path.resolve().parent
    try:
        return Path(os.path.relpath(_SCHEMA, folder)).as_posix()
    except ValueError:  # another drive of Windows
        return _SCHEMA.as_posix()
