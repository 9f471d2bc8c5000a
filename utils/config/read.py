"""Reads one JSON or YAML file into plain dicts, lists, strings, numbers, booleans and None.

An unquoted word of YAML is read as the value of `--set` is: as JSON, or else as a string. So `1e-3` is a number and
`no` a string, which the rules of YAML 1.1 would turn into a string and a boolean.
"""

import json
import math
import re
from pathlib import Path
from typing import Any

import yaml

from utils.config.errors import ConfigError
from utils.redact import mask_text
from utils.registry import nearest

_SUFFIXES = (".json", ".yaml", ".yml")
_NO_CHARACTER = re.compile(r"[\ud800-\udfff]|(?<!\\)(?:\\\\)*\\u0000")


def read_config_file(path: Path, extended_by: str = "") -> dict[str, Any]:
    """The object in the file.

    Args:
        path: a file ending in .json, .yaml or .yml, in UTF-8.
        extended_by: words put behind the name of a missing file, such as ` (extended by b.json)`.

    Raises:
        ConfigError: the file is missing or no JSON or YAML object; with line, column and the line's text.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f'{path}: a config file ends in {", ".join(_SUFFIXES)}; received "{path.suffix}"')
    text = _read_text(path, extended_by)
    try:
        value = parse_json(text) if path.suffix.lower() == ".json" else _parse_yaml(text)
    except json.JSONDecodeError as error:
        problem = f"broken JSON, {error.msg[0].lower()}{error.msg[1:]}: {_where(text, error.lineno, error.colno)}"
    except yaml.MarkedYAMLError as error:
        problem = _yaml_problem(error, text)
    except yaml.YAMLError:
        problem = "broken YAML: it has a control character in it"
    except RecursionError:
        problem = "it is nested too deeply to be a config"
    except ValueError as error:
        problem = str(error)
    else:
        if isinstance(value, dict):
            return value
        problem = "a config is one object {…} of sections; the file holds something else"
    raise ConfigError(f"{path}: {problem}")  # Outside of `except`: the parsers' own errors may quote a secret.


def _read_text(path: Path, extended_by: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        beside = sorted(file.name for file in path.parent.glob("*") if file.suffix in _SUFFIXES)
        near = nearest(path.name, beside)
        there = f"did you mean {path.parent / near}?" if near else f"configs there: {', '.join(beside) or 'none'}"
        raise ConfigError(f"{path}: there is no such file{extended_by}; {there}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read{extended_by}: {error.strerror}") from None


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: the text is not JSON, or it has a number that is not finite, a key twice in one object, or a
            character that no file name can hold.
    """
    value = json.loads(text, parse_constant=_finite, parse_float=_finite, object_pairs_hook=_without_twins)
    refuse_no_characters(value)
    return value


def refuse_no_characters(value: Any) -> None:
    """Raises a ValueError if a string in `value` holds NUL or half of a surrogate pair."""
    found = _NO_CHARACTER.search(json.dumps(value, ensure_ascii=False))
    if found:
        character = json.dumps(found[0]) if len(found[0]) == 1 else '"\\u0000"'
        raise ValueError(f"a string has {character} in it, which is no character; write the one that you mean")


def _finite(number: str) -> float:
    if not math.isfinite(float(number)):
        raise ValueError(f"{number} is no finite number; write one")
    return float(number)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'the key "{key}" is given twice in one object; keep one of them')
        found[key] = value
    return found


def _parse_yaml(text: str) -> Any:
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    value = _plain(node) if node else None
    refuse_no_characters(value)
    return value


def _plain(node: yaml.Node) -> Any:
    if not node.tag.endswith((":str", ":seq", ":map")):
        raise yaml.MarkedYAMLError(problem=f"JSON has no type {node.tag}", problem_mark=node.start_mark)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    if isinstance(node, yaml.ScalarNode):
        if node.style:  # in quotes
            return node.value
        return None if node.value in ("", "~") else parse_value(node.value)
    found = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in found:
            problem = "a key must be a string, once in one object"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        found[key.value] = _plain(value)
    return found


def parse_value(text: str) -> Any:
    """The value of a JSON text, or the text itself where it is none."""
    try:
        return parse_json(text)
    except (ValueError, RecursionError):
        return text


def _yaml_problem(error: yaml.MarkedYAMLError, text: str) -> str:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return "broken YAML"
    where = _where(text, mark.line + 1, mark.column + 1)
    # PyYAML quotes words of the file in some of its messages, a secret too where the line is masked.
    return f"broken YAML{'' if where.endswith('***') else f', {error.problem or error.context}'}: {where}"


def _where(text: str, line: int, column: int) -> str:
    """Place and text of a line, secrets masked. A parser that ran past the end is shown the last line with text."""
    lines = mask_text(text).split("\n")[:line]
    last = max((number for number, content in enumerate(lines, start=1) if content.strip()), default=1)
    end = "" if last == line else f" (the end, after line {last})"
    return f"line {line}, column {column}{end}: {lines[last - 1].strip()[:120]}"
