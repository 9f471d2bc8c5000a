"""Reads one JSON or YAML file into plain dicts, lists, strings, numbers, booleans and None.

What the two formats allow and a config must not have is an error here: a key that stands twice, NaN, dates. YAML is
read by the rules of YAML 1.2's core schema, so that `1e-3` is a number and `no` a word.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import yaml

from utils.config.errors import ConfigError
from utils.redact import mask_text
from utils.registry import nearest


class _SyntaxProblem(Exception):
    """What the text does not hold to, without the file's name."""


def read_config_file(path: Path, asked_by: str = "") -> dict[str, Any]:
    """The object that stands in the file.

    Args:
        path: a file ending in .json, .yaml or .yml, in UTF-8.
        asked_by: words put behind the name of a missing file, such as ` (extended by b.json)`.

    Raises:
        ConfigError: the file is missing or no JSON or YAML object; with line, column and the line's text.
    """
    parse = _parser(path)
    text = _read_text(path, asked_by)
    if not text.strip():
        raise ConfigError(f"{path}: the file is empty; a config is one object {{…}} of sections")
    try:
        value = parse(text)
        json.dumps(value, allow_nan=False)
    except _SyntaxProblem as problem:
        raise ConfigError(f"{path}: {problem}") from None
    except RecursionError:
        raise ConfigError(f"{path}: it is nested too deeply to be a config") from None
    except (ValueError, TypeError) as error:  # a date, a set or bytes, which YAML can be told to make
        raise ConfigError(f"{path}: a value that JSON does not have: {error}") from None
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: a config is one object {{…}} of sections; the file holds something else")
    return value


def _parser(path: Path) -> Callable[[str], Any]:
    parsers = {".json": _parse_json, ".yaml": _parse_yaml, ".yml": _parse_yaml}
    if path.suffix.lower() not in parsers:
        raise ConfigError(f'{path}: a config file ends in {", ".join(parsers)}; received "{path.suffix}"')
    return parsers[path.suffix.lower()]


def _read_text(path: Path, asked_by: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        beside = sorted(file.name for file in path.parent.glob("*") if file.suffix in {".json", ".yaml", ".yml"})
        near = nearest(path.name, beside)
        there = f"did you mean {path.parent / near}?" if near else f"configs there: {', '.join(beside) or 'none'}"
        raise ConfigError(f"{path}: there is no such file{asked_by}; {there}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file in UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read{asked_by}: {error.strerror}") from None


def parse_json_value(text: str) -> Any:
    """The value of a JSON text, as it may stand behind `--set key=`.

    Raises:
        ValueError: the text is not JSON, has NaN or an infinity in it, or a key twice.
    """
    value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_twins)
    json.dumps(value, allow_nan=False)
    return value


def _parse_json(text: str) -> Any:
    try:
        return json.loads(
            text,
            parse_constant=lambda constant: _refuse_constant(constant, text),
            object_pairs_hook=lambda pairs: _refuse_twins(pairs, text),
        )
    except json.JSONDecodeError as error:
        where = _where(text, error.lineno, error.colno)
        raise _SyntaxProblem(f"broken JSON, {error.msg[0].lower()}{error.msg[1:]}: {where}") from None


class _Refused(_SyntaxProblem, ValueError):
    """A text that Python's parser would take and a config does not allow."""


def _refuse_constant(constant: str, text: str = "") -> None:
    there = _lines_with(rf"(?<![\w-]){constant}(?!\w)", text)
    raise _Refused(f"{constant} is no JSON (look at line {there}); write a finite number")


def _refuse_twins(pairs: list[tuple[str, Any]], text: str = "") -> dict[str, Any]:
    twins = [key for key, count in Counter(key for key, _ in pairs).items() if count > 1]
    if twins:
        there = _lines_with(rf"{re.escape(json.dumps(twins[0], ensure_ascii=False))}\s*:", text)
        raise _Refused(f'the key "{twins[0]}" stands twice in one object (look at line {there}); keep one of them')
    return dict(pairs)


def _lines_with(pattern: str, text: str) -> str:
    """Python's parser gives no place to its hooks, so these are all lines where it may be."""
    return ", ".join(str(number) for number, line in enumerate(text.split("\n"), start=1) if re.search(pattern, line))


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars of YAML 1.2's core schema, and without keys that stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.MarkedYAMLError(
                    problem="a key must be a string; put it in quotes", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise yaml.MarkedYAMLError(problem=f'the key "{key}" stands twice', problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _decimal(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    """SafeLoader would read 010 as octal."""
    return int(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _decimal)


def _parse_yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise _SyntaxProblem("broken YAML") from None
        where = _where(text, mark.line + 1, mark.column + 1)
        # PyYAML quotes words of the file in some of its messages; a masked line must not be told that way.
        problem = "broken YAML" if where.endswith("***") else f"broken YAML, {error.problem or error.context}"
        raise _SyntaxProblem(f"{problem}: {where}") from None
    except yaml.YAMLError as error:
        raise _SyntaxProblem(f"broken YAML: {type(error).__name__}") from None


def _where(text: str, line: int, column: int) -> str:
    """Place and text of a line, secrets masked. A parser that ran past the end is shown the last line with text."""
    lines = mask_text(text).split("\n")[:line]
    last = max(number for number, content in enumerate(lines, start=1) if content.strip())
    end = "" if last == line else f" (the end, after line {last})"
    return f"line {line}, column {column}{end}: {lines[last - 1].strip()[:120]}"
