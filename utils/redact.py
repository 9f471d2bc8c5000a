"""Keeps secrets out of files, logs and messages: a name that ends with one of a few words marks its value as secret."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import SecretStr

MASK = "***"
_WORDS = r"(?:api[_-]?key|token|password|secret)"
_NAME_ENDS_SECRET = re.compile(rf"{_WORDS}$", re.IGNORECASE)
_SECRET_IN_LINE = re.compile(rf"[\w.-]*{_WORDS}(?!\w)[\"'=:\s]*", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether the value of a field, key or option of this name is a secret."""
    return _NAME_ENDS_SECRET.search(name) is not None


def mask_text(text: str) -> str:
    """`text` with everything hidden that follows a secret's name on its line, and the next line where it may go on.

    It hides rather too much: it is used on text that could not be parsed.
    """
    lines, hide_next = [], False
    for line in text.split("\n"):
        match = _SECRET_IN_LINE.search(line)
        value = line[match.end() :] if match else ""
        if hide_next and line.strip():
            lines.append(MASK)
        else:
            lines.append(f"{line[: match.end()]}{MASK}" if match and value else line)
        goes_on = match is not None and not re.search(r"\w", value)
        hide_next = goes_on or (hide_next and not line.strip())
    return "\n".join(lines)


def mask_command(argv: Sequence[str]) -> list[str]:
    """The words of a command line with secrets masked, as in `comet_api_key=…`, `--token …` and JSON values."""
    words, hide_next = [], False
    for word in argv:
        words.append(MASK if hide_next else mask_text(word))
        hide_next = not hide_next and is_secret(word)
    return words


def without_secrets(value: Any) -> Any:
    """A copy of nested mappings and sequences without the entries that are secret by their name or type."""
    if isinstance(value, Mapping):
        return {
            key: without_secrets(item)
            for key, item in value.items()
            if not is_secret(str(key)) and not isinstance(item, SecretStr)
        }
    if isinstance(value, list | tuple):
        return [without_secrets(item) for item in value if not isinstance(item, SecretStr)]
    return value
